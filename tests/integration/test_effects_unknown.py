"""An effect of which nobody knows whether it happened: a person is asked, and his word is obeyed once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel.errors import InvalidInput, Unavailable
from tests.integration.test_effects import Outside, does, effects, outside, resume, work
from tests.probe import probe
from tests.processes import until
from tests.workbench import Bench, ask, definition, output, text
from workflows.errors import ApprovalAlreadyDecided, ApprovalWithdrawn

__all__ = ["outside"]
Probes = dict[str, Callable[[Any], Any]]
BROKE = Unavailable("The connection broke.")


@pytest.fixture
def parked(bench: Bench, probes: Probes, outside: Outside) -> Any:
    """A run that asks a person about its effect."""
    probes["order"] = does(outside)
    outside.goes = [BROKE]
    return bench.ran(work())


def approvals(bench: Bench, run: UUID) -> list[Any]:
    from workflows.models import Approval

    with bench.inside():
        return list(Approval.objects.filter(run=run).order_by("created_at"))


def test_the_run_waits_for_a_person(bench: Bench, parked: Any) -> None:
    assert (parked.status, parked.waiting_for) == ("waiting", "person")
    assert bench.ticket(parked.id).state == "parked"
    [effect] = effects(bench, parked.id)
    assert (effect.status, effect.error["message"]) == ("unknown", "The connection broke.")


def test_the_question_says_what_is_not_known(bench: Bench, parked: Any) -> None:
    [asked] = approvals(bench, parked.id)
    assert (asked.kind, asked.decisions) == ("effect", ["happened", "again", "fail"])
    assert asked.title == "Did it happen? Order"
    for words in ("Probe", "`Order one chair`", "The connection broke."):
        assert words in asked.content
    [told] = [event.data for event in bench.events(parked.id) if event.type == "approval.requested"]
    assert told["kind"] == "effect"


def test_it_happened(bench: Bench, parked: Any, outside: Outside) -> None:
    bench.decide(parked.id, "happened", content='{"number": 12}')
    done = bench.advance(parked.id)
    assert (done.status, done.outputs) == ("completed", {"got": '{"number": 12}'})
    assert len(outside.done) == 1
    [effect] = effects(bench, parked.id)
    assert (effect.status, effect.answer) == ("answered", "happened")


def test_it_happened_and_gave_nothing(bench: Bench, parked: Any, outside: Outside) -> None:
    bench.decide(parked.id, "happened")
    assert bench.advance(parked.id).outputs == {"got": "null"}
    assert len(outside.done) == 1


def test_do_it_again(bench: Bench, parked: Any, outside: Outside) -> None:
    bench.decide(parked.id, "again")
    done = bench.advance(parked.id)
    assert (done.status, done.outputs) == ("completed", {"got": '{"number": 2}'})
    assert len(outside.done) == 2
    assert len(set(outside.done)) == 1, "under the same key"


def test_again_is_for_one_time(bench: Bench, parked: Any, outside: Outside) -> None:
    """When nobody knows of the second time either, that is another question."""
    outside.goes = [BROKE, {"number": 3}]
    for _ in range(2):
        bench.decide(parked.id, "again")
        run = bench.advance(parked.id)
    assert (run.status, len(outside.done)) == ("completed", 3)
    assert [asked.decision for asked in approvals(bench, parked.id)] == ["again", "again"]


def test_give_up(bench: Bench, parked: Any, outside: Outside) -> None:
    bench.decide(parked.id, "fail", comment="no idea")
    failed = bench.advance(parked.id)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "effect_given_up", "order")
    assert len(outside.done) == 1


def test_who_resumes_what_was_given_up_is_asked_again(bench: Bench, parked: Any, outside: Outside) -> None:
    bench.decide(parked.id, "fail")
    bench.advance(parked.id)
    assert resume(bench, parked.id).waiting_for == "person"
    bench.decide(parked.id, "happened")
    assert bench.advance(parked.id).status == "completed"
    assert len(outside.done) == 1


def test_a_result_that_is_not_json_is_refused(bench: Bench, parked: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        bench.decide(parked.id, "happened", content="{number: 1")
    assert refused.value.details[0]["field"] == "content"
    assert approvals(bench, parked.id)[0].status == "pending"


@pytest.mark.parametrize("decision", ["approve", "edit", "reject", "request_changes"])
def test_it_cannot_be_approved(bench: Bench, parked: Any, decision: str) -> None:
    with pytest.raises(InvalidInput):
        bench.decide(parked.id, decision, comment="x", content="x")


@pytest.mark.parametrize("decision", ["happened", "again", "fail"])
def test_an_approval_is_no_such_question(bench: Bench, decision: str) -> None:
    run = bench.ran(definition([ask("ok"), output()]))
    with pytest.raises(InvalidInput):
        bench.decide(run.id, decision)


def test_of_many_answers_at_once_one_counts(bench: Bench, parked: Any, outside: Outside) -> None:
    from workflows.actions.approvals import decide_approval

    [asked] = approvals(bench, parked.id)
    said: list[str] = []

    def decide() -> None:
        with bench.inside():
            try:
                decide_approval(actor=bench.user("approver"), approval=asked, decision="again")
                said.append("again")
            except ApprovalAlreadyDecided:
                said.append("late")

    people = [threading.Thread(target=decide) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(said) == ["again"] + ["late"] * 5
    workers = [threading.Thread(target=bench.advance, args=(parked.id,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert bench.run(parked.id).status == "completed"
    assert len(outside.done) == 2


def test_a_wake_up_without_an_answer_changes_nothing(bench: Bench, parked: Any, outside: Outside) -> None:
    from tenants import doors

    with bench.inside():
        doors.open_ticket(parked.id, "runs")
    again = bench.advance(parked.id)
    assert (again.status, again.last_seq, len(outside.done)) == ("waiting", parked.last_seq, 1)


def test_after_a_crash_the_outcome_is_unknown(bench: Bench, probes: Probes, outside: Outside) -> None:
    """The worker is gone between the effect and its mark: the row says started, and nobody is there to say more."""
    from workflows.models import Effect

    order, broken = does(outside), [True]

    def fails(call: Any) -> Any:
        got = order(call)
        if broken:
            raise InvalidInput
        return got

    probes["order"] = fails
    run = bench.ran(work())
    with bench.inside():
        Effect.objects.filter(run=run.id).update(status="started", result=None, finished_at=None)
    broken.clear()
    assert resume(bench, run.id).waiting_for == "person"
    assert "The worker stopped" in approvals(bench, run.id)[0].content
    bench.decide(run.id, "happened", content="5")
    assert bench.advance(run.id).outputs == {"got": "5"}
    assert len(outside.done) == 1


def test_what_a_late_answer_tells_nobody_need_tell(bench: Bench, probes: Probes, outside: Outside) -> None:
    """The step is tried again while its first try still waits for the other side; then that answers after all."""
    asked = threading.Event()

    def late() -> dict[str, int]:
        assert asked.wait(60)
        return {"number": 1}

    probes["order"] = does(outside)
    outside.goes = [late]
    more = {"timeout_s": 0.5, "retry": {"attempts": 2, "backoff_s": 0}}
    document = definition([probe("order", "order", more=more), output(got="{{ nodes.order.gave.number }}")])
    run = bench.ran(document)
    assert run.waiting_for == "person"
    [question] = approvals(bench, run.id)
    asked.set()
    assert until(lambda: approvals(bench, run.id)[0].status == "withdrawn")
    from workflows.actions.approvals import decide_approval

    with pytest.raises(ApprovalWithdrawn), bench.inside():
        decide_approval(actor=bench.user("approver"), approval=question, decision="again")
    done = bench.advance(run.id)
    assert (done.status, done.outputs, len(outside.done)) == ("completed", {"got": "1"}, 1)


def test_an_answer_that_comes_when_the_outcome_is_known_is_refused(bench: Bench, parked: Any, outside: Outside) -> None:
    from workflows.models import Effect

    with bench.inside():
        Effect.objects.filter(run=parked.id).update(status="done", result=4)
    with pytest.raises(ApprovalWithdrawn):
        bench.decide(parked.id, "again")
    assert effects(bench, parked.id)[0].result == 4
    assert approvals(bench, parked.id)[0].status == "pending"


def test_beside_an_approval_the_run_waits_for_both(bench: Bench, probes: Probes, outside: Outside) -> None:
    probes["order"] = does(outside)
    outside.goes = [BROKE]
    nodes = [text("a"), probe("order", "order"), ask("ok"), output()]
    run = bench.ran(definition(nodes, ["a order", "a ok", "order end", "ok end"]))
    assert (run.status, run.waiting_for) == ("waiting", "approval")
    with bench.inside():
        from workflows.actions.approvals import decide_approval

        by_kind = {found.kind: found for found in approvals(bench, run.id)}
        decide_approval(actor=bench.user("approver"), approval=by_kind["approval"], decision="approve")
    assert bench.advance(run.id).waiting_for == "person"
    assert len(outside.done) == 1
    bench.decide(run.id, "again")
    assert bench.advance(run.id).status == "completed"
    assert len(outside.done) == 2


def test_it_is_told_whom_it_may_concern(bench: Bench, parked: Any) -> None:
    from collaboration.actions.notify import notify_approval
    from collaboration.models import Notification

    with bench.inside():
        assert notify_approval(approval_id=approvals(bench, parked.id)[0].pk) == 3
        assert {row.title for row in Notification.objects.all()} == {"Did it happen? Order"}
