"""Several questions of one step: each is asked once, answered once, and what is done between them is done once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nexod.kernel.run_port import Question
from tests.integration.test_effects import Outside, does, outside
from tests.probe import probe
from tests.workbench import Bench, definition, output, text

__all__ = ["outside"]
Probes = dict[str, Callable[[Any], Any]]


def asks(*titles: str, between: Callable[[Any], Any] = lambda call: None) -> Callable[[Any], Any]:
    """Return what a probe does: ask one after another."""

    def work(call: Any) -> Any:
        said = []
        for title in titles:
            said.append(call.ask(Question(title=title, content=f"About {title}")).comment)
            between(call)
        return said

    return work


def test_questions_in_a_row(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["asks"] = asks("one", "two", "three", between=does(outside))
    run = bench.ran(definition([probe("ask", "asks"), output(said="{{ nodes.ask.gave | tojson }}")]))
    for number in range(3):
        assert (run.status, len(outside.done)) == ("waiting", number)
        assert bench.steps(run.id)[0].status == "waiting"
        bench.decide(run.id, "approve", comment=f"answer {number}")
        run = bench.advance(run.id)
    assert (run.status, run.outputs) == ("completed", {"said": '["answer 0", "answer 1", "answer 2"]'})
    assert len(outside.done) == len(set(outside.done)) == 3
    types = bench.types(run.id)
    assert types.count("approval.requested") == types.count("approval.decided") == types.count("step.resumed") == 3
    assert types.count("step.started") == 2


def test_questions_of_one_name_are_told_apart_by_their_keys(bench: Bench, probes: Probes) -> None:
    def work(call: Any) -> Any:
        return [call.ask(Question(title="t", content="c", key=key)).comment for key in ("b", "a", "b")]

    probes["asks"] = work
    run = bench.ran(definition([probe("ask", "asks"), output(said="{{ nodes.ask.gave | tojson }}")]))
    for comment in ("first b", "a", "second b"):
        bench.decide(run.id, "approve", comment=comment)
        run = bench.advance(run.id)
    assert run.outputs == {"said": '["first b", "a", "second b"]'}


def test_branches_that_ask_twice_each_are_resumed_once(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes.update(left=asks("l1", "l2", between=does(outside, request="left")), right=asks("r1", "r2"))
    nodes = [text("a"), probe("left", "left"), probe("right", "right"), output()]
    run = bench.ran(definition(nodes, ["a left", "a right", "left end", "right end"]))
    answered = 0
    while run.status == "waiting":
        bench.decide(run.id, "approve")
        answered += 1
        run = bench.advance(run.id)
    assert (run.status, answered, len(outside.done)) == ("completed", 4, 2)
    assert [step.attempt for step in bench.steps(run.id)] == [1, 1, 1, 1]
    assert bench.types(run.id).count("approval.requested") == 4


def test_a_question_that_is_open_is_not_worked_towards_again(bench: Bench, probes: Probes) -> None:
    """The other branch is decided: the step whose question is open is left alone."""
    times: list[int] = []
    probes.update(left=asks("left"), right=lambda call: (times.append(1), asks("right")(call))[1])
    nodes = [text("a"), probe("right", "right"), probe("left", "left"), output()]
    run = bench.ran(definition(nodes, ["a left", "a right", "left end", "right end"]))
    from workflows.actions.approvals import decide_approval
    from workflows.models import Approval

    for title, worked in (("left", 1), ("right", 2)):
        with bench.inside():
            question = Approval.objects.get(run=run.id, title=title)
            decide_approval(actor=bench.user("approver"), approval=question, decision="approve")
        run = bench.advance(run.id)
        assert len(times) == worked
    assert run.status == "completed"
