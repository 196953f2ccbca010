"""Crews that ask a person: by our approvals, several times, and without paying or doing anything twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from tests.model_server import Json, ModelServer, ToolCall, ToolCalls, says_system
from tests.teams import CREW, DOCUMENT, make_team
from tests.workbench import Bench, ask, definition, output, text

SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.fixture
def team(bench: Bench, model_server: ModelServer) -> Callable[..., None]:
    """Return what makes the crew; a person decides on the first task and, unless the test says otherwise, the second."""
    return partial(make_team, bench, model_server.base_url, asks=("find", "write"))


def questions(bench: Bench, run: UUID) -> list[Any]:
    from workflows.models import Approval

    with bench.inside():
        return list(Approval.objects.filter(run=run).order_by("created_at"))


def told(bench: Bench, run: UUID) -> Counter[str]:
    return Counter(bench.types(run))


def test_a_result_is_shown_and_goes_on_when_it_is_approved(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team()
    model_server.answer("Facts.", "Text.")
    run = bench.ran(DOCUMENT)
    assert (run.status, run.waiting_for) == ("waiting", "approval"), run.error
    [first] = questions(bench, run.id)
    assert (first.title, first.content, first.status) == ("Finder: find", "Facts.", "pending")
    assert first.decisions == ["approve", "edit", "reject", "request_changes"]
    bench.decide(run.id, "approve")
    run = bench.advance(run.id)
    assert run.status == "waiting"
    assert [asked.title for asked in questions(bench, run.id)] == ["Finder: find", "Writer: write"]
    bench.decide(run.id, "approve")
    done = bench.advance(run.id)
    assert (done.status, done.outputs) == ("completed", {"said": "Text.", "found": "Facts."}), done.error
    assert len(model_server.requests) == done.model_calls == 2
    assert len(bench.steps(run.id)) == 2


def test_agents_do_not_tell_again_what_they_told(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team()
    run = bench.ran(DOCUMENT)
    for _ in range(2):
        bench.decide(run.id, "approve")
        bench.advance(run.id)
    counted = told(bench, run.id)
    assert counted["agent.started"] == counted["agent.finished"] == counted["model.called"] == 2
    assert (counted["step.started"], counted["step.resumed"]) == (2, 2)


def test_requested_changes_go_back_to_the_agent(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team(asks=["find"])
    model_server.answer("Facts.", "More facts.", "Most facts.", "Text.")
    run = bench.ran(DOCUMENT)
    for comment in ("Say more.", "Say most."):
        bench.decide(run.id, "request_changes", comment=comment)
        assert bench.advance(run.id).status == "waiting"
    assert [asked.content for asked in questions(bench, run.id)] == ["Facts.", "More facts.", "Most facts."]
    assert "Say more." in model_server.requests[1].text
    assert "Facts." in model_server.requests[1].text
    assert "Say most." in model_server.requests[2].text
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).outputs == {"said": "Text.", "found": "Most facts."}
    assert len(model_server.requests) == 4


def test_an_edit_is_what_later_tasks_read(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team(asks=["find"])
    model_server.answer("Facts.", "Text.")
    run = bench.ran(DOCUMENT)
    bench.decide(run.id, "edit", content="Better facts.")
    assert bench.advance(run.id).outputs["found"] == "Better facts."
    assert "Better facts." in model_server.requests[1].text


def test_a_rejection_fails_the_run(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team()
    run = bench.ran(DOCUMENT)
    bench.decide(run.id, "reject", comment="wrong")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "rejected", "team")
    assert "wrong" in failed.error["message"]
    assert len(model_server.requests) == 1


def test_json_is_shown_readably_and_stays_json(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team(asks=["find"], schema=SCORE)
    model_server.answer(Json({"score": 3}), "Text.")
    run = bench.ran(DOCUMENT)
    assert questions(bench, run.id)[0].content == '```json\n{\n  "score": 3\n}\n```'
    bench.decide(run.id, "edit", content='```json\n{"score": 4}\n```')
    bench.advance(run.id)
    [step] = [step for step in bench.steps(run.id) if step.node == "team"]
    assert step.output["tasks"]["find"]["data"] == {"score": 4}
    assert len(model_server.requests) == 2


def test_a_manager_who_delegates_is_not_paid_twice(bench: Bench, team: Any, model_server: ModelServer) -> None:
    team(managed=True)
    work = ToolCall("delegate_work_to_coworker", {"task": "Find it", "context": "All of it", "coworker": "Finder"})
    model_server.answer(ToolCalls((work,)), "Managed facts.", "Managed text.", when=says_system("You are Boss"))
    model_server.answer("Facts.", when=says_system("You are Finder"))
    run = bench.ran(DOCUMENT)
    for content in ("Managed facts.", "Managed text."):
        assert run.status == "waiting", run.error
        assert questions(bench, run.id)[-1].content == content
        bench.decide(run.id, "approve")
        run = bench.advance(run.id)
    assert (run.status, run.outputs["said"]) == ("completed", "Managed text."), run.error
    assert len(model_server.requests) == run.model_calls == 4


def test_beside_an_approval_each_is_resumed_once(bench: Bench, team: Any, model_server: ModelServer) -> None:
    """A crew that asks twice in one branch, an approval in the other: three questions, decided one by one."""
    team()
    nodes = [text("a"), CREW, ask("ok"), output(said="{{ nodes.team.text }}")]
    run = bench.ran(definition(nodes, ["a team", "a ok", "team end", "ok end"]))
    decided = 0
    while bench.run(run.id).status == "waiting":
        bench.decide(run.id, "approve")
        decided += 1
        bench.advance(run.id)
    assert bench.run(run.id).status == "completed"
    assert decided == 3
    assert len(model_server.requests) == 2
    assert [step.attempt for step in bench.steps(run.id)] == [1, 1, 1, 1]


def test_many_wake_ups_and_decisions_run_nothing_twice(bench: Bench, team: Any, model_server: ModelServer) -> None:
    from nexod.kernel.errors import Conflict
    from workflows.actions.approvals import decide_approval

    team()
    run = bench.ran(DOCUMENT)
    for _ in range(2):
        question = questions(bench, run.id)[-1]
        decided: list[str] = []

        def decide(question: Any = question, decided: list[str] = decided) -> None:
            with bench.inside():
                try:
                    decide_approval(actor=bench.user("approver"), approval=question, decision="approve")
                    decided.append("yes")
                except Conflict:
                    decided.append("late")
            bench.advance(run.id)

        people = [threading.Thread(target=decide) for _ in range(4)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert sorted(decided) == ["late"] * 3 + ["yes"]
        bench.advance(run.id)
    assert bench.run(run.id).status == "completed"
    assert len(model_server.requests) == 2
    counted = told(bench, run.id)
    assert (counted["approval.requested"], counted["approval.decided"], counted["run.completed"]) == (2, 2, 1)


def test_a_cancelled_run_withdraws_the_question(bench: Bench, team: Any, model_server: ModelServer) -> None:
    from workflows.actions.runs import cancel_run

    team()
    run = bench.ran(DOCUMENT)
    with bench.inside():
        cancel_run(actor=bench.user("admin"), run=run)
    assert questions(bench, run.id)[0].status == "withdrawn"
    assert bench.advance(run.id).status == "cancelled"
