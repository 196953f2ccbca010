"""What a run did is undone when it fails for good or is cancelled: newest first, once, and whoever goes on with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel.errors import InvalidInput, Unavailable
from tests.integration.test_runs_retries import time_passes
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text

Json = dict[str, Any]
Probes = dict[str, Callable[[Any], Any]]


class Sink:
    """What the probes did and undid outside, in its order."""

    def __init__(self, probes: Probes) -> None:
        self.told: list[str] = []
        self.probes = probes
        probes.update(does=self.does, undoes=self.undoes, fails=self.fails)

    def does(self, call: Any) -> str:
        self.told.append(f"{call.node}{call.visit}")
        return f"{call.node}{call.visit}"

    def undoes(self, call: Any) -> str:
        done = call.node.removeprefix("un")
        self.told.append(f"-{call.values['nodes'][done]['gave']}")
        return "undone"

    def fails(self, call: Any) -> None:
        raise InvalidInput("for good")


@pytest.fixture
def sink(probes: Probes) -> Sink:
    return Sink(probes)


def done(id_: str, **more: Any) -> list[Json]:
    """Return a node that does something outside, and the one that undoes it."""
    return [probe(id_, "does", more={"undo": f"un{id_}"}), probe(f"un{id_}", "undoes", more=more)]


def chain(last: Json, **undo: Any) -> Json:
    return definition(
        [*done("a"), *done("b", **undo), *done("c"), last, output()],
        ["a b", "b c", f"c {last['id']}", f"{last['id']} end"],
    )


def cancel(bench: Bench, run: UUID) -> None:
    from workflows.actions.runs import cancel_run
    from workflows.models import Run

    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=Run.objects.get(pk=run))


def test_a_failed_run_is_undone_in_reverse_order(bench: Bench, sink: Sink) -> None:
    run = bench.ran(chain(probe("x", "fails")))
    assert sink.told == ["a1", "b1", "c1", "-c1", "-b1", "-a1"]
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "invalid", "x")
    assert [found["node"] for found in run.compensation["undone"]] == ["c", "b", "a"]
    assert (run.compensation["not_undone"], run.compensation["over"]) == ([], True)
    types = bench.types(run.id)
    begun = types.index("run.compensating")
    assert types[begun - 1 :] == [
        "step.failed",
        "run.compensating",
        *["step.started", "step.completed"] * 3,
        "run.compensated",
        "run.failed",
    ]
    undos = [step for step in bench.steps(run.id) if step.undoes_id]
    assert [(step.node, step.status, step.visit) for step in undos] == [
        ("unc", "completed", 1),
        ("unb", "completed", 1),
        ("una", "completed", 1),
    ]


def test_a_run_that_completes_undoes_nothing(bench: Bench, sink: Sink) -> None:
    run = bench.ran(chain(text("x")))
    assert (run.status, run.compensation, sink.told) == ("completed", None, ["a1", "b1", "c1"])
    assert not [step for step in bench.steps(run.id) if step.undoes_id]


def test_a_run_cancelled_at_work_is_undone(bench: Bench, sink: Sink, probes: Probes) -> None:
    from nexod.kernel import run_port

    def waits(call: Any) -> None:
        threading.Thread(target=cancel, args=(bench, UUID(call.run_id))).start()
        while True:
            run_port.check_cancelled()
            time.sleep(0.02)

    probes["waits"] = waits
    run = bench.ran(chain(probe("x", "waits")))
    assert (run.status, run.error) == ("cancelled", None)
    assert sink.told[3:] == ["-c1", "-b1", "-a1"]
    assert run.compensation["cause"] == "cancelled"


def test_a_run_cancelled_while_it_waits_is_undone_by_a_worker(bench: Bench, sink: Sink) -> None:
    run = bench.ran(chain(ask("x")))
    assert run.status == "waiting"
    cancel(bench, run.id)
    assert bench.run(run.id).status == "waiting"
    run = bench.advance(run.id)
    assert (run.status, sink.told[3:]) == ("cancelled", ["-c1", "-b1", "-a1"])
    with bench.inside():
        assert [approval.status for approval in run.approvals.all()] == ["withdrawn"]


def test_every_visit_is_undone_with_what_it_gave(bench: Bench, sink: Sink) -> None:
    nodes = [*done("a"), choose("gate", "on", again="visits.a < 3"), probe("x", "fails"), output()]
    run = bench.ran(definition(nodes, ["a gate", "gate a again", "gate x on", "x end"], limits={"visits": 5}))
    assert sink.told == ["a1", "a2", "a3", "-a3", "-a2", "-a1"]
    assert run.status == "failed"


def test_both_branches_are_undone_and_what_was_not_done_is_not(bench: Bench, sink: Sink, probes: Probes) -> None:
    def slow(call: Any) -> str:
        time.sleep(0.3)
        return sink.does(call)

    probes["slow"] = slow
    branch = [probe("b", "slow", more={"undo": "unb"}), probe("unb", "undoes")]
    late = [probe("d", "does", more={"undo": "und"}), probe("und", "undoes")]
    nodes = [text("s"), *done("a"), *branch, probe("x", "fails"), *late, output()]
    bench.ran(definition(nodes, ["s a", "s b", "a x", "b x", "x d", "d end"]))
    assert sorted(sink.told[:2]) == ["a1", "b1"]
    assert sink.told == ["a1", "b1", "-b1", "-a1"]


def test_one_that_cannot_be_undone_does_not_stop_the_others_and_is_told(
    bench: Bench, sink: Sink, probes: Probes
) -> None:
    def refuses(call: Any) -> str:
        if call.node == "unb":
            raise InvalidInput("no way back")
        return sink.undoes(call)

    probes["undoes"] = refuses
    run = bench.ran(chain(probe("x", "fails")))
    assert sink.told[3:] == ["-c1", "-a1"]
    [left] = run.compensation["not_undone"]
    assert (left["node"], left["reason"]["code"], left["reason"]["message"]) == ("b", "invalid", "no way back")
    assert (run.status, run.error["code"], run.error["message"]) == ("failed", "invalid", "for good")
    assert bench.events(run.id)[-2].data["not_undone"][0]["node"] == "b"


def test_an_undo_is_tried_again_by_its_policy_also_after_a_long_wait(bench: Bench, sink: Sink, probes: Probes) -> None:
    tries: list[str] = []

    def flaky(call: Any) -> str:
        tries.append(call.node)
        if call.node == "unb" and tries.count("unb") == 1:
            raise Unavailable
        return sink.undoes(call)

    probes["undoes"] = flaky
    run = bench.ran(chain(probe("x", "fails"), retry={"attempts": 2, "backoff_s": 100.0, "jitter": "none"}))
    assert (run.status, run.waiting_for, tries) == ("waiting", "timer", ["unc", "unb"])
    cancel(bench, run.id)
    assert bench.advance(run.id).status == "waiting"
    time_passes(bench, run.id)
    run = bench.advance(run.id)
    assert (run.status, tries) == ("failed", ["unc", "unb", "unb", "una"])
    assert sink.told[3:] == ["-c1", "-b1", "-a1"]
    assert bench.types(run.id).count("run.compensating") == 1


def test_a_worker_that_dies_while_it_undoes_is_gone_on_for_where_it_was(
    bench: Bench, sink: Sink, probes: Probes
) -> None:
    def dies(call: Any) -> str:
        if call.node == "una":
            raise SystemExit
        return sink.undoes(call)

    probes["undoes"] = dies
    run = bench.start(chain(probe("x", "fails")))
    with pytest.raises(SystemExit):
        bench.advance(run)
    assert bench.run(run).status == "running"
    probes["undoes"] = sink.undoes
    _lease_ends(run)
    found = bench.advance(run)
    assert sink.told == ["a1", "b1", "c1", "-c1", "-b1", "-a1"]
    assert (found.status, found.error["node"]) == ("failed", "x")
    assert [(step.node, step.attempt) for step in bench.steps(run) if step.undoes_id] == [
        ("unc", 1),
        ("unb", 1),
        ("una", 2),
    ]


def test_an_undo_that_kills_its_workers_is_given_up(bench: Bench, sink: Sink, probes: Probes, settings: Any) -> None:
    settings.NEXOD_MAX_LOST_WORKERS = 2

    def dies(call: Any) -> str:
        if call.node == "unb":
            raise SystemExit
        return sink.undoes(call)

    probes["undoes"] = dies
    run = bench.start(chain(probe("x", "fails")))
    for _ in range(6):
        try:
            found = bench.advance(run)
        except SystemExit:
            _lease_ends(run)
    assert found.status == "failed"
    assert sink.told[3:] == ["-c1", "-a1"]
    assert [left["reason"]["code"] for left in found.compensation["not_undone"]] == ["workers_lost"]


def test_an_undo_sees_the_run_as_it_was_and_why_it_is_undone(bench: Bench, sink: Sink, probes: Probes) -> None:
    seen: list[Json] = []
    probes["undoes"] = lambda call: seen.append(call.values)
    nodes = [*done("a"), text("b", "later"), probe("x", "fails"), output()]
    bench.ran(definition(nodes, ["a b", "b x", "x end"]), {"topic": "bays"})
    [values] = seen
    assert values["inputs"] == {"topic": "bays"}
    assert values["nodes"] == {"a": {"gave": "a1"}}
    assert values["run"]["error"]["message"] == "for good"


def test_a_full_state_does_not_keep_anything_from_being_undone(bench: Bench, sink: Sink, settings: Any) -> None:
    settings.NEXOD_MAX_STATE_BYTES = 300
    run = bench.ran(chain(text("x", "{{ 'y' * 400 }}")))
    assert (run.error["code"], sink.told[3:]) == ("state_too_large", ["-c1", "-b1", "-a1"])


def test_a_failure_that_is_handled_undoes_nothing(bench: Bench, sink: Sink) -> None:
    nodes = [*done("a"), probe("x", "fails"), text("sorry"), output()]
    run = bench.ran(definition(nodes, ["a x", "x end", "x sorry error", "sorry end"]))
    assert (run.status, sink.told) == ("completed", ["a1"])


def test_an_undo_is_not_stopped_by_the_time_of_the_run(bench: Bench, sink: Sink, probes: Probes) -> None:
    def slow(call: Any) -> str:
        time.sleep(0.5)
        return sink.undoes(call)

    probes["undoes"] = slow
    run = bench.ran({**chain(probe("x", "fails")), "limits": {"timeout_s": 1.0}})
    assert (run.error["code"], sink.told[3:]) == ("invalid", ["-c1", "-b1", "-a1"])


def _lease_ends(run: UUID) -> None:
    from datetime import timedelta

    from tenants.context import enter_schema_as_owner
    from tenants.models import RunTicket
    from tenants.schema import OWNER

    with enter_schema_as_owner("public"):
        ticket = RunTicket.objects.using(OWNER).filter(run=run)
        ticket.update(lease_until=ticket.get().lease_until - timedelta(hours=1))


def test_a_worker_that_is_to_stop_hands_the_rest_of_the_undoing_on(bench: Bench, sink: Sink, probes: Probes) -> None:
    """As a drain asks: what is being undone is finished, what comes next is another worker's."""
    from workflows.engine import drain

    def undoes(call: Any) -> str:
        if call.node == "unb":
            drain.begin()
            time.sleep(0.1)
        return sink.undoes(call)

    probes["undoes"] = undoes
    fresh = drain._drain
    drain._drain = drain._Drain()
    try:
        run = bench.ran(chain(probe("x", "fails")))
    finally:
        drain._drain = fresh
    assert (run.status, sink.told[3:]) == ("pending", ["-c1", "-b1"])
    again = bench.advance(run.id)
    assert (again.status, sink.told[3:]) == ("failed", ["-c1", "-b1", "-a1"])
    assert bench.types(run.id).count("run.compensating") == 1
