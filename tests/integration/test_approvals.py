"""A run parks at an approval, waits without a worker, and goes on once with what was decided."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from nexod.kernel.errors import InvalidInput, PermissionDenied
from tests.probe import probe
from tests.workbench import Bench, ask, choose, definition, output, text
from workflows.errors import ApprovalAlreadyDecided, ApprovalWithdrawn, RunNotResumable

Probes = dict[str, Callable[[Any], Any]]
ONE = definition([text("a", "draft"), ask("ok", "{{ nodes.a.text }}"), output(said="{{ nodes.ok.content }}")])
LABELLED = definition(
    [
        text("a", "draft {{ visits.a }}"),
        ask("ok", "{{ nodes.a.text }}"),
        output("end", said="{{ nodes.ok.content }}"),
        text("no"),
        output("refused", why="{{ nodes.ok.comment }}"),
    ],
    ["a ok", "ok end approve", "ok a request_changes", "ok no reject", "no refused"],
    limits={"visits": 4},
)


def test_the_run_waits_and_its_worker_is_free(bench: Bench) -> None:
    run = bench.ran(ONE)
    assert (run.status, run.waiting_for) == ("waiting", "approval")
    assert bench.ticket(run.id).state == "parked"
    assert bench.types(run.id)[-3:] == ["step.started", "approval.requested", "run.waiting"]
    assert [step.status for step in bench.steps(run.id)] == ["completed", "waiting"]


def test_the_approval_says_what_is_asked_and_of_whom(bench: Bench) -> None:
    from workflows.models import Approval

    run = bench.ran(ONE)
    with bench.inside():
        approval = Approval.objects.get(run=run)
    assert (approval.title, approval.content, approval.status) == ("Please decide", "draft", "pending")
    assert approval.roles == ["owner", "admin", "approver"]
    assert approval.decisions == ["approve", "edit", "reject"]
    with bench.inside("globex"):
        assert not Approval.objects.exists()


def test_an_approved_run_completes(bench: Bench) -> None:
    run = bench.ran(ONE)
    bench.decide(run.id, "approve", comment="fine")
    assert bench.ticket(run.id).state == "ready"
    done = bench.advance(run.id)
    assert (done.status, done.waiting_for, done.outputs) == ("completed", "", {"said": "draft"})
    [step] = [step for step in bench.steps(run.id) if step.node == "ok"]
    assert (step.status, step.output["decision"], step.output["comment"]) == ("completed", "approve", "fine")
    assert step.output["actor"] == "Approver Person"


def test_a_resumed_node_has_no_second_row_and_no_second_start(bench: Bench) -> None:
    run = bench.ran(ONE)
    bench.decide(run.id, "approve")
    bench.advance(run.id)
    assert bench.types(run.id)[5:] == [
        "approval.requested",
        "run.waiting",
        "approval.decided",
        "run.resumed",
        "step.completed",
        "step.started",
        "step.completed",
        "run.completed",
    ]


def test_an_edit_takes_the_place_of_the_content(bench: Bench) -> None:
    run = bench.ran(ONE)
    bench.decide(run.id, "edit", content="better")
    assert bench.advance(run.id).outputs == {"said": "better"}


def test_a_rejection_without_a_route_fails_the_run(bench: Bench) -> None:
    run = bench.ran(ONE)
    bench.decide(run.id, "reject", comment="too short")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "rejected", "ok")
    assert "too short" in failed.error["message"]


def test_a_rejection_takes_its_route(bench: Bench) -> None:
    run = bench.ran(LABELLED)
    bench.decide(run.id, "reject", comment="no good")
    assert bench.advance(run.id).outputs == {"why": "no good"}


def test_changes_lead_back_and_ask_again(bench: Bench) -> None:
    run = bench.ran(LABELLED)
    bench.decide(run.id, "request_changes", comment="longer")
    assert bench.advance(run.id).status == "waiting"
    bench.decide(run.id, "approve")
    done = bench.advance(run.id)
    assert done.outputs == {"said": "draft 2"}
    assert [step.visit for step in bench.steps(run.id) if step.node == "ok"] == [1, 2]


def test_several_approvals_in_a_row(bench: Bench) -> None:
    run = bench.ran(definition([ask("one"), ask("two"), ask("three"), output()]))
    for _ in range(3):
        assert bench.run(run.id).status == "waiting"
        bench.decide(run.id, "approve")
        bench.advance(run.id)
    assert bench.run(run.id).status == "completed"


def test_approvals_side_by_side_are_decided_one_by_one(bench: Bench) -> None:
    nodes = [text("a"), ask("one"), ask("two"), text("beside"), output()]
    edges = ["a one", "a two", "a beside", "one end", "two end", "beside end"]
    run = bench.ran(definition(nodes, edges))
    states = {step.node: step.status for step in bench.steps(run.id)}
    assert states == {"a": "completed", "one": "waiting", "two": "waiting", "beside": "completed"}
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "waiting"
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert bench.types(run.id).count("step.started") == 5
    assert [step.visit for step in bench.steps(run.id)] == [1] * 5


def test_a_wake_up_without_a_decision_changes_nothing(bench: Bench) -> None:
    run = bench.ran(ONE)
    with bench.inside():
        from tenants import doors

        doors.open_ticket(run.id, "runs")
    again = bench.advance(run.id)
    assert (again.status, again.last_seq) == ("waiting", run.last_seq)
    assert bench.ticket(run.id).state == "parked"


def test_work_before_the_approval_is_not_done_again(bench: Bench, probes: Probes) -> None:
    times: list[int] = []
    probes["works"] = lambda call: times.append(1)
    run = bench.ran(definition([probe("slow", "works"), ask("ok"), output()]))
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert len(times) == 1


def test_a_branch_beside_an_approval_is_done_once(bench: Bench, probes: Probes) -> None:
    times: list[int] = []
    probes["works"] = lambda call: times.append(1)
    nodes = [text("a"), ask("ok"), probe("beside", "works"), output()]
    run = bench.ran(definition(nodes, ["a ok", "a beside", "ok end", "beside end"]))
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"
    assert len(times) == 1
    assert "step.retried" not in bench.types(run.id)


def test_a_decision_while_the_worker_still_parks_is_not_lost(bench: Bench, probes: Probes) -> None:
    """The branch beside holds the worker until the approval has been decided."""
    decided = threading.Event()

    def waits(call: Any) -> None:
        assert decided.wait(60)

    probes["waits"] = waits
    nodes = [text("a"), ask("ok"), probe("beside", "waits"), output()]
    run = bench.start(definition(nodes, ["a ok", "a beside", "ok end", "beside end"]))
    worker = threading.Thread(target=bench.advance, args=(run,))
    worker.start()
    while "approval.requested" not in bench.types(run):
        decided.wait(0.02)
    bench.decide(run, "approve")
    assert bench.ticket(run).woken
    decided.set()
    worker.join()
    assert bench.run(run).status == "completed"


def test_a_second_decision_is_refused(bench: Bench) -> None:
    run = bench.ran(ONE)
    approval = bench.decide(run.id, "approve")
    with pytest.raises(ApprovalAlreadyDecided) as refused, bench.inside():
        _decide(bench, approval, "reject")
    assert refused.value.details == {"decision": "approve", "by": "Approver Person"}
    assert bench.types(run.id).count("approval.decided") == 1


def test_of_many_decisions_at_once_one_counts(bench: Bench) -> None:
    run = bench.ran(ONE)
    approval = _pending(bench, run.id)
    results: list[str] = []

    def decide() -> None:
        try:
            with bench.inside():
                _decide(bench, approval, "approve")
            results.append("decided")
        except ApprovalAlreadyDecided:
            results.append("refused")

    people = [threading.Thread(target=decide) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(results) == ["decided"] + ["refused"] * 5


def test_only_who_has_the_role_decides(bench: Bench) -> None:
    document = definition([ask("ok", roles=["approver"]), output()])
    run = bench.ran(document)
    approval = _pending(bench, run.id)
    with bench.inside():
        for role in ("viewer", "editor", "admin"):
            with pytest.raises(PermissionDenied):
                _decide(bench, approval, "approve", role=role)
        assert _decide(bench, approval, "approve", role="owner").status == "decided"


@pytest.mark.parametrize(
    ("decision", "said", "field"),
    [
        ("maybe", {}, "decision"),
        ("request_changes", {"comment": "x"}, "decision"),
        ("edit", {"content": "  "}, "content"),
        ("approve", {"comment": "x" * 4001}, "comment"),
    ],
)
def test_an_incomplete_decision_says_which_field(bench: Bench, decision: str, said: dict[str, str], field: str) -> None:
    approval = _pending(bench, bench.ran(ONE).id)
    with pytest.raises(InvalidInput) as refused, bench.inside():
        _decide(bench, approval, decision, **said)
    assert refused.value.details[0]["field"] == field


def test_requested_changes_need_a_comment(bench: Bench) -> None:
    approval = _pending(bench, bench.ran(LABELLED).id)
    with pytest.raises(InvalidInput) as refused, bench.inside():
        _decide(bench, approval, "request_changes")
    assert refused.value.details[0]["field"] == "comment"


def test_a_cancelled_run_withdraws_its_approval(bench: Bench) -> None:
    from workflows.actions.runs import cancel_run
    from workflows.models import Approval

    run = bench.ran(ONE)
    approval = _pending(bench, run.id)
    with bench.inside():
        cancel_run(actor=bench.user("admin"), run=run)
        assert Approval.objects.get(pk=approval.pk).status == "withdrawn"
        with pytest.raises(ApprovalWithdrawn):
            _decide(bench, approval, "approve")
    assert bench.run(run.id).status == "cancelled"
    bench.advance(run.id)
    assert bench.ticket(run.id).state == "done"
    assert bench.checkpoints(run.id) == 0


def test_a_run_that_waits_for_a_person_cannot_be_resumed(bench: Bench) -> None:
    from workflows.actions.runs import resume_run

    run = bench.ran(ONE)
    with pytest.raises(RunNotResumable, match="approval"), bench.inside():
        resume_run(actor=bench.user(), run=run)


def test_a_parked_run_whose_message_was_lost_can_be_resumed(bench: Bench) -> None:
    from workflows.actions.runs import resume_run

    run = bench.ran(ONE)
    bench.decide(run.id, "approve")
    with bench.inside():
        resume_run(actor=bench.user(), run=run)
    assert bench.advance(run.id).status == "completed"


def test_an_approval_withdrawn_by_a_failure_is_asked_again_after_it(bench: Bench, probes: Probes) -> None:
    from workflows.actions.runs import resume_run

    broken = [True]

    def fails(call: Any) -> None:
        if broken:
            raise InvalidInput("broken")

    probes["fails"] = fails
    nodes = [text("a"), ask("ok"), probe("beside", "fails"), output()]
    run = bench.ran(definition(nodes, ["a ok", "a beside", "ok end", "beside end"]))
    assert run.status == "failed"
    broken.clear()
    with bench.inside():
        resume_run(actor=bench.user(), run=run)
    assert bench.advance(run.id).status == "waiting"
    bench.decide(run.id, "approve")
    assert bench.advance(run.id).status == "completed"


def test_waiting_time_is_not_working_time(bench: Bench) -> None:
    run = bench.ran(definition([ask("ok"), output()], limits={"timeout_s": 5}))
    import time

    time.sleep(0.6)
    bench.decide(run.id, "approve")
    done = bench.advance(run.id)
    assert done.status == "completed"
    assert done.seconds < 0.6 < (done.finished_at - done.started_at).total_seconds()


def test_a_condition_sees_the_decision(bench: Bench) -> None:
    nodes = [ask("ok"), choose("which", "plain", edited="nodes.ok.decision == 'edit'"), text("edited"), output()]
    run = bench.ran(definition(nodes, ["ok which", "which edited edited", "which end plain", "edited end"]))
    bench.decide(run.id, "edit", content="new")
    bench.advance(run.id)
    assert [step.node for step in bench.steps(run.id)] == ["ok", "which", "edited", "end"]


def _pending(bench: Bench, run: UUID) -> Any:
    from workflows.models import Approval

    with bench.inside():
        return Approval.objects.filter(run=run).pending()[0]


def _decide(bench: Bench, approval: Any, decision: str, *, role: str = "approver", **said: str) -> Any:
    from workflows.actions.approvals import decide_approval

    return decide_approval(actor=bench.user(role), approval=approval, decision=decision, **said)
