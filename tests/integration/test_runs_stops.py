"""What stops a run at work: cancel, time limits, failing siblings, lost claims; and how it goes on afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from nexod.kernel import run_port
from nexod.kernel.errors import InvalidInput, Unavailable
from nexod.kernel.events import ModelCalled
from nexod.kernel.run_port import Usage
from tenants.context import enter_platform
from tenants.models import RunTicket
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text

Probes = dict[str, Callable[[Any], Any]]


def waits_to_be_cancelled(call: Any) -> None:
    while True:
        run_port.check_cancelled()
        time.sleep(0.02)


def is_deaf(call: Any) -> None:
    time.sleep(3)


def cancel_soon(bench: Bench, run: UUID, *, after: str = "step.started", rest_s: float = 0) -> threading.Thread:
    """Cancel the run from another thread as soon as the event is there, and ``rest_s`` later."""

    def work() -> None:
        from workflows.actions.runs import cancel_run
        from workflows.models import Run

        while after not in bench.types(run):
            time.sleep(0.02)
        time.sleep(rest_s)
        with bench.inside():
            cancel_run(actor=bench.user("owner"), run=Run.objects.get(pk=run))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("behaviour", [waits_to_be_cancelled, is_deaf])
def test_cancel_stops_a_step_at_work_within_a_second(bench: Bench, probes: Probes, behaviour: Any) -> None:
    probes["works"] = behaviour
    run = bench.start(definition([probe("slow", "works"), output()]))
    canceller = cancel_soon(bench, run)
    found = bench.advance(run)
    canceller.join()
    [requested] = [event for event in bench.events(run) if event.type == "run.cancel_requested"]
    assert found.status == "cancelled"
    assert (found.finished_at - requested.at).total_seconds() < 1
    assert [step.status for step in bench.steps(run)] == ["cancelled"]
    assert bench.types(run)[-2:] == ["run.cancel_requested", "run.cancelled"]
    assert bench.ticket(run).state == "done"


def test_a_pending_run_is_cancelled_at_once(bench: Bench) -> None:
    run = bench.start(definition([text("a"), output()]))
    cancel_soon(bench, run, after="run.created").join()
    assert bench.run(run).status == "cancelled"
    assert bench.advance(run).status == "cancelled"
    assert bench.steps(run) == []
    assert bench.ticket(run).state == "done"


def test_what_a_cancelled_step_still_says_is_not_heard_but_what_it_used_is_paid(bench: Bench, probes: Probes) -> None:
    told = threading.Event()

    def goes_on(call: Any) -> None:
        port = run_port.current()
        time.sleep(1.5)
        port.spend(Usage("m", 10, 20, 0.5, 1.0))
        port.emit(ModelCalled(node=port.node, step=port.step_id, model="m", tokens_in=10, tokens_out=20))
        told.set()

    probes["works"] = goes_on
    run = bench.start(definition([probe("slow", "works"), output()]))
    canceller = cancel_soon(bench, run)
    bench.advance(run)
    canceller.join()
    assert told.wait(60)
    found = bench.run(run)
    assert (found.tokens_in, found.tokens_out, float(found.cost_usd)) == (10, 20, 0.5)
    assert bench.types(run)[-1] == "run.cancelled"
    assert bench.usage() == {"runs": 1, "tokens_in": 10, "tokens_out": 20, "model_calls": 1, "cost_usd": 0.5}


def test_a_step_over_its_time_fails(bench: Bench, probes: Probes) -> None:
    probes["works"] = is_deaf
    run = bench.ran(definition([probe("slow", "works", more={"timeout_s": 0.4}), output()]))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "step_timed_out", "slow")
    assert run.seconds < 2.5


def test_a_run_over_its_time_fails_with_the_step_it_was_at(bench: Bench, probes: Probes) -> None:
    probes["works"] = waits_to_be_cancelled
    run = bench.ran(definition([text("a"), probe("slow", "works"), output()], limits={"timeout_s": 0.5}))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "run_timed_out", "slow")


def test_what_may_pass_is_tried_again(bench: Bench, probes: Probes) -> None:
    tries = []

    def recovers(call: Any) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("not yet")
        return len(tries)

    probes["works"] = recovers
    run = bench.ran(definition([probe("slow", "works", more={"retry": {"attempts": 3, "backoff_s": 0.01}}), output()]))
    assert run.status == "completed"
    [step] = [step for step in bench.steps(run.id) if step.node == "slow"]
    assert (step.attempt, step.error) == (3, None)
    assert bench.types(run.id).count("step.retried") == 2


def test_what_would_fail_again_is_not_tried_again(bench: Bench, probes: Probes) -> None:
    tries = []

    def refuses(call: Any) -> None:
        tries.append(1)
        raise InvalidInput("never")

    probes["works"] = refuses
    run = bench.ran(definition([probe("slow", "works", more={"retry": {"attempts": 3, "backoff_s": 0.01}}), output()]))
    assert (run.status, run.error["code"], len(tries)) == ("failed", "invalid", 1)


def test_an_unexpected_error_is_told_without_its_inside(bench: Bench, probes: Probes) -> None:
    def breaks(call: Any) -> None:
        raise KeyError("secret")

    probes["works"] = breaks
    run = bench.ran(definition([probe("slow", "works"), output()]))
    assert run.error["code"] == "internal"
    assert "KeyError" in run.error["message"]
    assert "secret" not in str(run.error)


def test_what_is_not_json_is_a_clear_error(bench: Bench, probes: Probes) -> None:
    probes["works"] = lambda call: {1, 2}
    run = bench.ran(definition([probe("slow", "works"), output()]))
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "output_not_json", "slow")


def test_a_failed_run_goes_on_from_where_it_failed(bench: Bench, probes: Probes) -> None:
    done: list[str] = []
    broken = [True]

    def first(call: Any) -> None:
        done.append("first")

    def second(call: Any) -> str:
        done.append("second")
        if broken:
            raise Unavailable
        return "ok"

    probes.update(first=first, second=second)
    run = bench.ran(definition([probe("a", "first"), probe("b", "second"), output(said="{{ nodes.b.gave }}")]))
    assert run.status == "failed"
    broken.clear()
    _resume(bench, run.id)
    assert bench.run(run.id).status == "pending"
    again = bench.advance(run.id)
    assert (again.status, again.outputs, again.error) == ("completed", {"said": "ok"}, None)
    assert done == ["first", "second", "second"]
    assert [(step.node, step.attempt) for step in bench.steps(run.id)] == [("a", 1), ("b", 2), ("end", 1)]
    wanted = ["run.failed", "run.resumed", "run.started", "step.retried", "step.completed"]
    assert bench.types(run.id)[6:11] == wanted


def test_a_step_that_was_committed_is_not_done_again_though_there_is_no_checkpoint(
    bench: Bench, probes: Probes
) -> None:
    """As after a power cut: the graph starts at the inputs, and comes through what is done."""
    done: list[str] = []

    def first(call: Any) -> str:
        done.append("first")
        return "kept"

    def second(call: Any) -> str:
        done.append("second")
        if done.count("second") == 1:
            raise Unavailable
        return str(call.values["nodes"]["a"]["gave"])

    probes.update(first=first, second=second)
    nodes = [probe("a", "first"), choose("which", "on", other="false"), probe("b", "second")]
    end = output(said="{{ nodes.b.gave }}")
    run = bench.ran(definition([*nodes, text("c"), end], ["a which", "which b on", "which c other", "c b", "b end"]))
    assert not bench.checkpoints(run.id)
    _resume(bench, run.id)
    again = bench.advance(run.id)
    assert (again.status, again.outputs) == ("completed", {"said": "kept"})
    assert done == ["first", "second", "second"]
    wanted = [("a", 1), ("which", 1), ("b", 2), ("end", 1)]
    assert [(step.node, step.attempt) for step in bench.steps(run.id)] == wanted


def test_a_loop_is_come_through_to_where_it_was(bench: Bench, probes: Probes) -> None:
    done: list[int] = []

    def works(call: Any) -> int:
        done.append(call.visit)
        if done.count(3) == 1 and call.visit == 3:
            raise Unavailable
        return int(call.visit)

    probes["works"] = works
    nodes = [probe("a", "works"), choose("gate", "on", again="visits.a < 4"), output(said="{{ nodes.a.gave }}")]
    run = bench.ran(definition(nodes, ["a gate", "gate a again", "gate end on"], limits={"visits": 5}))
    assert not bench.checkpoints(run.id)
    _resume(bench, run.id)
    assert bench.advance(run.id).outputs == {"said": "4"}
    assert done == [1, 2, 3, 3, 4]


def test_a_run_without_any_checkpoint_starts_from_its_inputs(bench: Bench) -> None:
    """As after a power cut before the first of them."""
    from workflows.models import Run

    run = bench.start(definition([text("a", "On {{ inputs.topic }}"), output(said="{{ nodes.a.text }}")]))
    with bench.inside():
        Run.objects.filter(pk=run).update(status="running", started_at=bench.run(run).created_at)
    assert bench.advance(run).outputs == {"said": "On tides"}


def test_a_completed_run_cannot_be_resumed(bench: Bench) -> None:
    from workflows.errors import RunNotResumable

    run = bench.ran(definition([text("a"), output()]))
    with pytest.raises(RunNotResumable, match="completed"):
        _resume(bench, run.id)


def test_a_failing_branch_stops_the_other_and_gives_the_reason(bench: Bench, probes: Probes) -> None:
    def fails(call: Any) -> None:
        time.sleep(0.2)
        raise InvalidInput("the reason")

    probes.update(fails=fails, waits=waits_to_be_cancelled)
    nodes = [text("a"), probe("bad", "fails"), probe("long", "waits"), output()]
    run = bench.ran(definition(nodes, ["a bad", "a long", "bad end", "long end"]))
    assert (run.status, run.error["message"], run.error["node"]) == ("failed", "the reason", "bad")
    assert {step.node: step.status for step in bench.steps(run.id)} == {
        "a": "completed",
        "bad": "failed",
        "long": "cancelled",
    }


def test_branches_work_at_the_same_time(bench: Bench, probes: Probes) -> None:
    both = threading.Barrier(2, timeout=60)
    probes["meets"] = lambda call: both.wait() >= 0
    nodes = [text("a"), probe("one", "meets"), probe("two", "meets"), output()]
    run = bench.ran(definition(nodes, ["a one", "a two", "one end", "two end"]))
    assert run.status == "completed", run.error


def test_nothing_is_written_once_the_claim_is_lost(bench: Bench, probes: Probes, settings: Any) -> None:
    settings.NEXOD_LEASE_S = 0.6

    def is_robbed(call: Any) -> None:
        from tenants import doors

        with bench.inside():
            while doors.claim_ticket(UUID(call.run_id), "thief", 30) is None:
                doors.keep_ticket(UUID(call.run_id), 1, 0.0)
            connection.close()
        time.sleep(1)

    probes["works"] = is_robbed
    run = bench.start(definition([probe("slow", "works"), output()]))
    found = bench.advance(run)
    assert found.status == "running"
    assert bench.types(run) == ["run.created", "run.started", "step.started"]
    assert (bench.ticket(run).state, bench.ticket(run).worker) == ("claimed", "thief")


def test_a_long_step_keeps_its_claim(bench: Bench, probes: Probes, settings: Any) -> None:
    settings.NEXOD_LEASE_S = 0.6
    probes["works"] = lambda call: time.sleep(1.5)
    run = bench.start(definition([probe("slow", "works"), output()]))
    stolen: list[Any] = []

    def thief() -> None:
        from tenants import doors

        time.sleep(1.2)
        with bench.inside():
            stolen.append(doors.claim_ticket(run, "thief", 30))

    rival = threading.Thread(target=thief)
    rival.start()
    found = bench.advance(run)
    rival.join()
    assert stolen == [None]
    assert found.status == "completed"


def test_only_one_of_two_workers_gets_the_run(bench: Bench, probes: Probes) -> None:
    times: list[int] = []
    probes["works"] = lambda call: (times.append(1), time.sleep(0.3))[1]
    run = bench.start(definition([probe("slow", "works"), output()]))
    workers = [threading.Thread(target=bench.advance, args=(run,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(times) == 1
    assert bench.run(run).status == "completed"


def _resume(bench: Bench, run: UUID) -> None:
    from workflows.actions.runs import resume_run
    from workflows.models import Run

    with bench.inside():
        resume_run(actor=bench.user(), run=Run.objects.get(pk=run))


def test_a_run_in_flight_finishes_on_the_definition_that_it_started_with(bench: Bench) -> None:
    """Though a new version is published and the workflow is changed while it waits."""
    from workflows.actions.workflows import publish_workflow, update_workflow

    workflow = bench.workflow(definition([ask("ok"), text("after", "old"), output(said="{{ nodes.after.text }}")]))
    run = start_of(bench, workflow)
    bench.advance(run)
    with bench.inside():
        newer = definition([text("other", "new"), output(said="{{ nodes.other.text }}")])
        update_workflow(actor=bench.user(), workflow=workflow, definition=newer)
        publish_workflow(actor=bench.user(), workflow=workflow)
    bench.decide(run, "approve")
    assert bench.advance(run).outputs == {"said": "old"}
    assert bench.advance(start_of(bench, workflow)).outputs == {"said": "new"}


def start_of(bench: Bench, workflow: Any) -> UUID:
    from workflows.actions.runs import start_run

    with bench.inside():
        return start_run(actor=bench.user(), workflow=workflow, inputs={}).id


def test_a_database_that_is_away_is_no_steps_failure(bench: Bench, probes: Probes) -> None:
    """The run goes back to the queue when the database answers, and the step is done again."""
    from django.db import OperationalError

    tries: list[int] = []

    def meets_an_outage(call: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("the connection is lost")

    probes["outage"] = meets_an_outage
    run = bench.start(definition([text("a"), probe("b", "outage"), output()]))
    assert bench.advance(run).status == "completed"
    assert (len(tries), [step.attempt for step in bench.steps(run)]) == (2, [1, 2, 1])
    [handed_back] = [event for event in bench.events(run) if event.type == "run.handed_back"]
    assert handed_back.data == {"reason": "database_away"}


def test_progress_forgives_lost_workers(bench: Bench, settings: Any) -> None:
    """A run of many steps may lose a worker now and then; one that gets nowhere may not."""
    from nexod.kernel.events import RunStarted, StepCompleted
    from workflows.actions.events import append_event
    from workflows.models import Run

    settings.NEXOD_MAX_LOST_WORKERS = 3
    moving, stuck = (bench.start(definition([text("a"), output()])) for _ in range(2))
    with bench.inside():
        for run in (moving, stuck):
            Run.objects.filter(pk=run).update(status="running", started_at=bench.run(run).created_at)
            for attempt in range(1, 4):
                append_event(run, RunStarted(attempt=attempt))
                if run == moving:
                    append_event(run, StepCompleted(node="x", step="x"))
    assert bench.advance(moving).status == "completed"
    assert (bench.advance(stuck).error["code"], bench.ticket(stuck).state) == ("workers_lost", "dead")


def test_of_runs_that_lost_two_workers_a_process_has_one_at_a_time(bench: Bench, probes: Probes) -> None:
    """One of them may kill it again, and the others must not count that as theirs."""
    from nexod.kernel.events import RunStarted
    from workflows.actions.events import append_event
    from workflows.models import Run

    began, may_end = threading.Event(), threading.Event()

    def waits(call: Any) -> None:
        began.set()
        may_end.wait(60)

    probes["waits"] = waits
    first = bench.start(definition([probe("a", "waits"), output()]))
    second, innocent = (bench.start(definition([text("a"), output()])) for _ in range(2))
    with bench.inside():
        for run in (first, second):
            Run.objects.filter(pk=run).update(status="running", started_at=bench.run(run).created_at)
            for attempt in (1, 2):
                append_event(run, RunStarted(attempt=attempt))
    at_work = threading.Thread(target=bench.advance, args=(first,))
    at_work.start()
    assert began.wait(60)
    told = bench.types(second)
    bench.advance(second)
    assert bench.advance(innocent).status == "completed"
    may_end.set()
    at_work.join()
    assert bench.run(first).status == "completed"
    assert (bench.types(second), bench.ticket(second).state) == (told, "ready")
    with enter_platform():
        RunTicket.objects.filter(run=second).update(not_before=None)
    assert bench.advance(second).status == "completed"
