"""Workers that freeze, stall, are told to stop, have a wrong clock, or are killed by what they do."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from nexod.celery import app
from nexod.kernel.queue import ADVANCE, enqueue
from nexod.watchdog import EXIT_CODE
from tenants.context import enter_platform
from tenants.models import RunTicket
from tests.faults import LONG, Start, World, figure, how_many, log, numbered, start, until, until_logged, until_status
from tests.front_door import Door
from tests.model_server import Drip
from tests.probe import probe
from tests.workbench import Bench, definition, node, output, text

__all__ = ["log", "start"]
# A machine that is busy with other tests is given more time, far less than the lease; ``make faults`` is not.
SLACK_S = 0.0 if LONG in os.environ else 12.0


def test_a_worker_that_was_thought_dead_and_wakes_up_changes_nothing(bench: Bench, start: Start, log: Path) -> None:
    frozen = start(lease_s=1)
    nodes = [probe("one", log=str(log), seconds=1, patient=False), probe("two", log=str(log), seconds=2), output()]
    run = bench.start(definition(nodes))
    until_logged(log, "one")
    frozen.freeze()
    start(lease_s=1)
    taken_s = until_logged(log, "one", times=2)
    until_logged(log, "two")
    frozen.thaw()
    until_status(bench, run, "completed")
    before = (bench.run(run).last_seq, bench.run(run).updated_at, bench.ticket(run).token)
    until(lambda: "another worker's by now" in frozen.log.read_text(), "the first worker gives the run up")
    time.sleep(1)
    assert (bench.run(run).last_seq, bench.run(run).updated_at, bench.ticket(run).token) == before
    assert Counter(log.read_text().split()) == {"one": 2, "two": 1}
    assert [(step.node, step.attempt) for step in bench.steps(run)] == [("one", 2), ("two", 1), ("end", 1)]
    assert numbered(bench, run)
    figure("freeze past the lease", taken_over_s=taken_s, written_by_the_first_after=0)


def test_a_worker_that_is_frozen_in_a_transaction_locks_its_run_for_a_moment_only(
    bench: Bench, start: Start, log: Path
) -> None:
    frozen = start(lease_s=1, idle_transaction_s=2)
    run = bench.start(definition([probe("one", log=str(log), held_s=120), output()]))
    until_logged(log, "one-locks", seconds=60)
    frozen.freeze()
    start(lease_s=1, idle_transaction_s=2)
    taken_s = until_logged(log, "one", times=2, seconds=60)
    until_status(bench, run, "completed", seconds=60)
    figure("frozen in a transaction", taken_over_s=taken_s)
    frozen.kill()


def test_a_worker_that_takes_nothing_any_more_ends_itself(bench: Bench, start: Start) -> None:
    stalled = start(lease_s=2, stall_s=1.5, drain_s=1)
    until_status(bench, bench.start(definition([text("a"), output()])), "completed")
    name = f"w{stalled.pid}@test"
    [answer] = app.control.cancel_consumer("runs", destination=[name], reply=True, timeout=5)
    assert "no longer consuming" in answer[name]["ok"]
    run = bench.start(definition([text("a"), output()]))
    began = time.monotonic()
    assert stalled.ended() == EXIT_CODE
    noticed_s = time.monotonic() - began
    assert "this worker takes none" in stalled.log.read_text()
    assert noticed_s < 10
    start(lease_s=2)
    until_status(bench, run, "completed")
    figure("stalled worker", noticed_and_ended_s=noticed_s)


def test_a_worker_that_is_idle_or_busy_has_not_stalled(bench: Bench, start: Start, log: Path) -> None:
    worker = start(threads=1, stall_s=1, lease_s=5)
    time.sleep(1.5)
    slow = bench.start(definition([probe("slow", log=str(log), seconds=3), output()]))
    waiting = [bench.start(definition([text("a"), output()])) for _ in range(3)]
    for run in (slow, *waiting):
        until_status(bench, run, "completed")
    assert "takes none" not in worker.log.read_text()
    assert worker.stop() == 0


def test_a_worker_that_is_to_stop_hands_its_runs_to_another_at_once(bench: Bench, start: Start, log: Path) -> None:
    """Without waiting for the lease, and without doing a step twice."""
    first = start(lease_s=30)
    nodes = [probe(f"n{number}", log=str(log), seconds=0.4) for number in range(8)]
    runs = [bench.start(definition([*nodes, output()])) for _ in range(3)]
    until_logged(log, "n1")
    start(lease_s=30)
    began = time.monotonic()
    assert first.stop() == 0
    stopped_s = time.monotonic() - began
    for run in runs:
        until_status(bench, run, "completed", seconds=15)
        assert numbered(bench, run)
    assert Counter(log.read_text().split()) == {f"n{number}": 3 for number in range(8)}
    figure("drain", runs=3, stopped_s=stopped_s, all_done_s=time.monotonic() - began, steps_done_twice=0)


def test_a_step_that_outlasts_the_grace_is_given_up_and_done_elsewhere(bench: Bench, start: Start, log: Path) -> None:
    first = start(lease_s=30, drain_s=0.6)
    run = bench.start(definition([probe("slow", log=str(log), seconds=4, patient=False), output()]))
    until_logged(log, "slow")
    second = start(lease_s=30)
    first.ask_to_stop()
    handed_over_s = until_logged(log, "slow", times=2, seconds=60)
    assert first.ended() == 0
    assert handed_over_s < 3 + SLACK_S
    assert "run.handed_back" in bench.types(run)
    until_status(bench, run, "completed")
    assert second.alive
    figure("drain past its grace", grace_s=0.6, handed_over_s=handed_over_s)


def test_a_run_that_kills_its_workers_is_buried_and_others_go_on(bench: Bench, start: Start, log: Path) -> None:
    poison = log.parent / "poison"
    poison.touch()
    lives = 4
    bad = bench.start(definition([text("a"), probe("bad", log=str(log), poison=str(poison)), output()]))
    good = bench.start(definition([probe("good", log=str(log)), output()]), slug="globex")
    killed = 0
    while bench.run(bad).status != "failed":
        worker = start(lease_s=0.5, max_lost_workers=lives)
        while bench.run(bad).status != "failed" and worker_lives(worker.pid):
            time.sleep(0.02)
        killed += not worker_lives(worker.pid)
        assert killed <= lives
    assert (killed, log.read_text().split().count("bad")) == (lives, lives)
    assert bench.run(bad).error["code"] == "workers_lost"
    ticket = bench.ticket(bad)
    assert (ticket.state, ticket.reason) == ("dead", "workers_lost")
    assert ticket.attempt > lives
    until_status(bench, good, "completed", slug="globex")
    poison.unlink()
    _send_dead_again(bench)
    until(lambda: bench.run(bad).status == "completed", "the dead run is revived")
    figure("poison run", workers_killed=killed, buried=1, others_lost=0)


def worker_lives(pid: int) -> bool:
    from tests.processes import runs

    return runs(pid)


def _send_dead_again(bench: Bench) -> None:
    from tenants.accounts.models import User
    from tenants.actions.tickets import send_dead_again

    with enter_platform():
        staff = User(email="staff@platform.test", is_superuser=True)
        assert send_dead_again(actor=staff, tickets=RunTicket.objects.all()) == 1


def test_every_message_delivered_ten_times_does_everything_once(bench: Bench, start: Start, log: Path) -> None:
    count = how_many(6)
    nodes = [probe("one", log=str(log), seconds=0.05), probe("two", log=str(log)), output()]
    start(lease_s=5)
    start(lease_s=5)
    runs = [bench.start(definition(nodes)) for _ in range(count)]
    for run in runs:
        with bench.inside():
            for _ in range(9):
                enqueue(ADVANCE, queue="runs", run=str(run))
    for run in runs:
        until_status(bench, run, "completed", seconds=60 + count)
    until(lambda: not _messages(bench), "all messages are taken", seconds=60)
    time.sleep(0.3)
    done = Counter(log.read_text().split())
    assert done == {"one": count, "two": count}
    assert all(Counter(bench.types(run))["run.completed"] == 1 for run in runs)
    figure("messages ten times", runs=count, messages=10 * count, steps_done_twice=0)


def test_an_urgent_run_overtakes_those_that_wait(bench: Bench, start: Start, log: Path) -> None:
    count = max(50, how_many(50))
    start(threads=1, lease_s=5)
    gate = log.parent / "gate"
    busy = bench.start(definition([probe("busy", log=str(log), gate=str(gate)), output()]))
    until_logged(log, "busy")
    chain = bench.workflow(definition([probe("wait", log=str(log), seconds=0.02), output()]))
    waiting = [_again(bench, chain) for _ in range(count)]
    urgent = bench.start(definition([probe("urgent", log=str(log)), output()]), urgent=True)
    gate.touch()
    for run in (busy, urgent, *waiting):
        until_status(bench, run, "completed", seconds=30 + count)
    order = log.read_text().split()
    assert Counter(order) == {"busy": 1, "urgent": 1, "wait": count}
    place = order.index("urgent") - 1
    figure("urgent run", waiting=count, overtaken=count - place)
    assert place <= 1


def _again(bench: Bench, workflow: Any) -> Any:
    from workflows.actions.runs import start_run

    with bench.inside():
        return start_run(actor=bench.user(), workflow=workflow, inputs={}).id


def _messages(bench: Bench) -> int:
    from nexod.observability.work import queue_lengths

    return queue_lengths()["runs"]


def test_a_workers_clock_that_jumps_changes_nothing(bench: Bench, start: Start, log: Path) -> None:
    jumping = start(lease_s=1.5)
    start(lease_s=1.5, threads=1)
    nodes = [probe(f"n{number}", log=str(log), seconds=1) for number in range(3)]
    run = bench.start(definition([*nodes, output()]))
    for number, shift in enumerate((86_400, -172_800)):
        until_logged(log, f"n{number}")
        jumping.set_clock(shift)
    found = until_status(bench, run, "completed")
    assert Counter(log.read_text().split()) == {"n0": 1, "n1": 1, "n2": 1}
    assert [event.data["attempt"] for event in bench.events(run) if event.type == "run.started"] == [1]
    assert 2.5 < found.seconds < 10
    assert "another worker's" not in jumping.log.read_text()


def test_pausing_reaches_a_worker_and_resuming_another(bench: Bench, start: Start, log: Path) -> None:
    from workflows.actions.pauses import pause_run
    from workflows.actions.runs import resume_run

    first = start()
    nodes = [probe("one", log=str(log), seconds=0.8), probe("two", log=str(log)), output()]
    run = bench.start(definition(nodes))
    until_logged(log, "one")
    with bench.inside():
        pause_run(actor=bench.user(), run=bench.run(run))
    paused = until_status(bench, run, "waiting")
    assert paused.waiting_for == "person"
    first.stop()
    start()
    with bench.inside():
        resume_run(actor=bench.user(), run=bench.run(run))
    until_status(bench, run, "completed")
    assert log.read_text().split() == ["one", "two"]


def test_cancel_is_felt_within_a_second_in_the_middle_of_a_models_stream(
    bench: Bench, start: Start, world: World, door: Door, settings: Any
) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address]
    world.model.always(Drip("word " * 400, every_s=0.05))
    door.connect(world.model.base_url)
    start()
    run = bench.start(definition([node("ask", "llm", {"prompt": "Talk"}), output(said="{{ nodes.ask.text }}")]))
    until(lambda: world.model.requests, "the model is asked")
    time.sleep(0.5)
    answer = door.program()("post", f"runs/{run}/cancel")
    began = time.monotonic()
    assert answer.status_code == 200, answer.content
    until_status_is(bench, run, "cancelled")
    felt_s = time.monotonic() - began
    assert felt_s < 1
    figure("cancel in a model's stream", felt_s=felt_s)


def until_status_is(bench: Bench, run: Any, status: str) -> None:
    until(lambda: bench.run(run).status == status, status)
