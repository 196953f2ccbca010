"""A person lets a failed run go on: from where it failed or from before, as it is or after changing something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel.errors import InvalidInput, PermissionDenied, Unavailable
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text

Json = dict[str, Any]
Probes = dict[str, Callable[[Any], Any]]


class Work:
    """Probes that count their calls; ``x`` fails until it is told not to."""

    def __init__(self, probes: Probes) -> None:
        self.calls: list[str] = []
        self.broken = True
        probes.update(works=self.works, fails=self.fails, takes=self.takes)

    def works(self, call: Any) -> str:
        self.calls.append(call.node)
        return f"{call.node}{self.calls.count(call.node)}"

    def takes(self, call: Any) -> str:
        """Fail for a topic that does not do, as a node that is given what is wrong."""
        self.calls.append(call.node)
        if call.values["inputs"]["topic"] == "tides" and call.values["nodes"]["a"].get("gave") != "by hand":
            raise InvalidInput("not tides")
        return str(call.values["inputs"]["topic"])

    def fails(self, call: Any) -> str:
        self.calls.append(call.node)
        if self.broken:
            raise Unavailable("broken")
        return "ok"


@pytest.fixture
def work(probes: Probes) -> Work:
    return Work(probes)


def chain(last: str = "fails") -> Json:
    nodes = [probe("a", "works"), probe("b", "works"), probe("x", last), output(said="{{ nodes.x.gave }}")]
    return definition(nodes)


def retry(bench: Bench, run: UUID, *, role: str = "editor", **changes: Any) -> Any:
    from workflows.actions.retries import retry_run
    from workflows.models import Run

    with bench.inside():
        return retry_run(actor=bench.user(role), run=Run.objects.get(pk=run), **changes)


def rows(bench: Bench, run: UUID) -> list[tuple[str, str, int, bool]]:
    return [(step.node, step.status, step.attempt, step.superseded) for step in bench.steps(run)]


def test_only_what_failed_is_done_again(bench: Bench, work: Work) -> None:
    run = bench.ran(chain())
    work.broken = False
    retry(bench, run.id)
    again = bench.advance(run.id)
    assert (again.status, again.outputs, work.calls) == ("completed", {"said": "ok"}, ["a", "b", "x", "x"])
    assert "run.retried" not in bench.types(run.id)


def test_changed_inputs_are_checked_kept_and_used_by_what_runs_again(bench: Bench, work: Work) -> None:
    from workflows.definitions import InputsInvalid

    run = bench.ran(chain("takes"))
    assert run.error["message"] == "not tides"
    with pytest.raises(InputsInvalid) as refused:
        retry(bench, run.id, inputs={"topic": 3})
    assert refused.value.details[0]["field"] == "inputs.topic"
    assert bench.run(run.id).status == "failed"
    retry(bench, run.id, inputs={"topic": "bays"})
    again = bench.advance(run.id)
    assert (again.outputs, again.inputs, work.calls) == ({"said": "bays"}, {"topic": "bays"}, ["a", "b", "x", "x"])
    [told] = [event.data for event in bench.events(run.id) if event.type == "run.retried"]
    assert (told["inputs"], told["actor"], told["nodes"]) == ({"topic": "tides"}, bench.user().email, [])


def test_the_output_of_an_earlier_step_can_be_replaced(bench: Bench, work: Work) -> None:
    run = bench.ran(chain("takes"))
    retry(bench, run.id, outputs={"a": {"gave": "by hand"}})
    again = bench.advance(run.id)
    assert (again.status, work.calls) == ("completed", ["a", "b", "x", "x"])
    [step] = [step for step in bench.steps(run.id) if step.node == "a"]
    assert (step.output, step.summary) == ({"gave": "by hand"}, "given by hand")
    [told] = [event.data for event in bench.events(run.id) if event.type == "run.retried"]
    assert told["outputs"] == {"a": {"gave": "a1"}}


def test_what_a_failed_step_should_have_given_can_be_given(bench: Bench, work: Work) -> None:
    run = bench.ran(chain())
    retry(bench, run.id, outputs={"x": {"gave": "mine"}})
    assert bench.advance(run.id).outputs == {"said": "mine"}
    assert work.calls == ["a", "b", "x"]


def test_from_an_earlier_step_everything_after_it_is_done_anew_and_the_old_rows_are_kept(
    bench: Bench, work: Work
) -> None:
    run = bench.ran(chain())
    work.broken = False
    retry(bench, run.id, node="b")
    again = bench.advance(run.id)
    assert (again.status, work.calls) == ("completed", ["a", "b", "x", "b", "x"])
    assert rows(bench, run.id) == [
        ("a", "completed", 1, False),
        ("b", "completed", 1, True),
        ("x", "failed", 1, True),
        ("b", "completed", 1, False),
        ("x", "completed", 1, False),
        ("end", "completed", 1, False),
    ]
    [told] = [event.data for event in bench.events(run.id) if event.type == "run.retried"]
    assert told["nodes"] == ["b", "x"]


def test_a_sibling_branch_is_kept(bench: Bench, work: Work) -> None:
    nodes = [text("s"), probe("a", "works"), probe("b", "works"), probe("x", "fails"), output(said="ok")]
    run = bench.ran(definition(nodes, ["s a", "s b", "a x", "b x", "x end"]))
    work.broken = False
    retry(bench, run.id, node="b")
    assert bench.advance(run.id).status == "completed"
    assert (work.calls.count("a"), work.calls.count("b"), work.calls.count("x")) == (1, 2, 2)


def test_in_a_loop_the_newest_visit_is_done_anew(bench: Bench, work: Work) -> None:
    nodes = [probe("a", "works"), choose("gate", "on", again="visits.a < 3"), probe("x", "fails"), output(said="ok")]
    document = definition(nodes, ["a gate", "gate a again", "gate x on", "x end"], limits={"visits": 5})
    run = bench.ran(document)
    work.broken = False
    retry(bench, run.id, node="a")
    assert bench.advance(run.id).status == "completed"
    assert work.calls == ["a", "a", "a", "x", "a", "x"]
    visits = [(step.visit, step.superseded) for step in bench.steps(run.id) if step.node == "a"]
    assert visits == [(1, False), (2, False), (3, True), (3, False)]


def test_what_a_person_decided_is_asked_anew_only_where_it_is_done_anew(bench: Bench, work: Work) -> None:
    run = bench.ran(definition([ask("ok"), probe("x", "fails"), output(said="ok")]))
    bench.decide(run.id, "approve")
    bench.advance(run.id)
    retry(bench, run.id)
    assert bench.advance(run.id).status == "failed"
    retry(bench, run.id, node="ok")
    assert bench.advance(run.id).status == "waiting"
    work.broken = False
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"


def test_what_was_undone_is_done_anew_and_undone_again(bench: Bench, work: Work, probes: Probes) -> None:
    probes["undoes"] = lambda call: work.calls.append("-" + call.values["nodes"]["b"]["gave"])
    undoing = [probe("b", "works", more={"undo": "unb"}), probe("unb", "undoes")]
    nodes = [probe("a", "works"), *undoing, probe("x", "fails"), output(said="ok")]
    run = bench.ran(definition(nodes, ["a b", "b x", "x end"]))
    assert work.calls == ["a", "b", "x", "-b1"]
    retry(bench, run.id)
    run = bench.advance(run.id)
    assert (run.status, work.calls[4:]) == ("failed", ["b", "x", "-b2"])
    assert [found["node"] for found in run.compensation["undone"]] == ["b"]
    work.broken = False
    retry(bench, run.id)
    run = bench.advance(run.id)
    assert (run.status, run.compensation, work.calls[7:]) == ("completed", None, ["b", "x"])


def test_what_could_not_be_undone_is_kept_and_undone_later(bench: Bench, work: Work, probes: Probes) -> None:
    able: list[bool] = []

    def undoes(call: Any) -> str:
        if not able:
            raise InvalidInput("no way")
        work.calls.append("-" + call.values["nodes"]["b"]["gave"])
        return "ok"

    probes["undoes"] = undoes
    undoing = [probe("b", "works", more={"undo": "unb"}), probe("unb", "undoes")]
    run = bench.ran(definition([*undoing, probe("x", "fails"), output(said="ok")], ["b x", "x end"]))
    able.append(True)
    retry(bench, run.id)
    run = bench.advance(run.id)
    assert (run.status, work.calls) == ("failed", ["b", "x", "x", "-b1"])
    assert run.compensation["not_undone"] == []


def test_a_step_that_was_done_twice_is_undone_twice(bench: Bench, work: Work, probes: Probes) -> None:
    probes["undoes"] = lambda call: work.calls.append("-" + call.values["nodes"]["b"]["gave"])
    undoing = [probe("b", "works", more={"undo": "unb"}), probe("unb", "undoes")]
    run = bench.start(definition([*undoing, ask("ok"), probe("x", "fails"), output()], ["b ok", "ok x", "x end"]))
    bench.advance(run)
    _fail(run, bench)
    retry(bench, run, node="b")
    bench.advance(run)
    bench.decide(run, "approve")
    assert bench.advance(run).status == "failed"
    assert work.calls == ["b", "b", "x", "-b2", "-b1"]


def _fail(run: UUID, bench: Bench) -> None:
    """End the run as one that failed while nothing of it was undone: before its workflow knew an undo, say."""
    from nexod.kernel.events import Reason
    from workflows.actions.endings import end_run
    from workflows.models import Run

    with bench.inside():
        end_run(run, Run.Status.FAILED, reason=Reason(code="internal", message="x"))


def test_a_retry_has_the_whole_time_of_the_run_again(bench: Bench, work: Work, probes: Probes) -> None:
    import time

    def slow_once(call: Any) -> str:
        work.calls.append(call.node)
        time.sleep(2 if len(work.calls) == 1 else 0.1)
        return "ok"

    probes["slow"] = slow_once
    run = bench.ran(definition([probe("x", "slow"), output(said="ok")], limits={"timeout_s": 0.6}))
    assert run.error["code"] == "run_timed_out"
    retry(bench, run.id)
    assert bench.advance(run.id).status == "completed"


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"nowhere": {}}, "no step of this node"),
        ({"gate": {"route": "on"}}, "chooses the way on"),
        ({"a": "text"}, "JSON object"),
        ({"a": {"text": 3}}, "text"),
        ({"a": {"text": "x", "more": 1}}, "more"),
        ({"a": {"text": "x" * 5_000}}, "larger than"),
        ({"a": {"text": "\0"}}, "cannot be stored"),
    ],
)
def test_an_output_that_cannot_stand_there_is_refused_with_its_field(
    bench: Bench, work: Work, settings: Any, outputs: Json, said: str
) -> None:
    settings.NEXOD_MAX_STATE_BYTES = 3_000
    nodes = [text("a"), choose("gate", "on", other="false"), probe("x", "fails"), output()]
    run = bench.ran(definition(nodes, ["a gate", "gate x on", "gate end other", "x end"]))
    with pytest.raises(InvalidInput) as refused:
        retry(bench, run.id, outputs=outputs)
    [detail] = refused.value.details
    assert detail["field"].startswith(f"outputs.{next(iter(outputs))}")
    assert said in refused.value.message
    assert bench.run(run.id).status == "failed"


def test_a_node_that_did_not_run_cannot_be_gone_back_to(bench: Bench, work: Work) -> None:
    run = bench.ran(chain())
    with pytest.raises(InvalidInput, match="no step of a node 'end'"):
        retry(bench, run.id, node="end")


def test_only_a_failed_run_is_retried_once_and_by_whoever_may_run_it(bench: Bench, work: Work) -> None:
    from workflows.errors import RunNotResumable

    run = bench.ran(chain())
    with pytest.raises(PermissionDenied):
        retry(bench, run.id, role="viewer")
    work.broken = False
    refused: list[Exception] = []

    def try_it() -> None:
        try:
            retry(bench, run.id)
        except RunNotResumable as error:
            refused.append(error)

    both = [threading.Thread(target=try_it) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len(refused) == 1
    assert bench.advance(run.id).status == "completed"
    with pytest.raises(RunNotResumable, match="completed"):
        retry(bench, run.id)
    assert bench.types(run.id).count("run.resumed") == 1
