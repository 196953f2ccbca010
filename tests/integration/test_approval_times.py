"""Approvals in time: reminders, escalation and timeouts, each once, whatever messages, workers and clocks do."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from tenants.actions.due_times import correct_due_times, sweep_due_times
from tenants.actions.lifecycle import set_status
from tenants.context import TenantSuspended, enter_platform
from tenants.models import DueTime, Tenant
from tests import cast
from tests.integration.test_kept_messages import does, notifications, tells
from tests.workbench import Bench, ask, definition, output, text

Json = dict[str, Any]
HOUR = 3600.0
APPROVER, OWNER, EDITOR = (cast.email("acme", role) for role in ("approver", "owner", "editor"))


def waits(bench: Bench, due: Json, *, slug: str = "acme", edges: tuple[str, ...] = (), **policy: Any) -> UUID:
    """Start a run that waits for an approval of that policy; return the run's id."""
    who = {"who": {"users": [cast.email(slug, "approver")]}, **policy, "due": due}
    nodes = [ask("ok", policy=who), *(text(route, route) for route in edges), output()]
    ways = [way for route in edges for way in (f"ok {route} {route}", f"{route} end")]
    run = bench.ran(definition(nodes, ways or None), slug=slug)
    assert (run.status, run.waiting_for) == ("waiting", "approval"), run.error
    run_id: UUID = run.id
    return run_id


def approval(bench: Bench, run: UUID, slug: str = "acme") -> Any:
    from workflows.models import Approval

    with bench.inside(slug):
        return Approval.objects.select_related("decided_by").get(run=run)


def later(bench: Bench, run: UUID, seconds: float, *, slug: str = "acme") -> None:
    """Let that much time go by for the run's approval: everything that is planned lies so much nearer."""
    from workflows.models import Approval

    def nearer(moment: Any) -> Any:
        return moment and moment - timedelta(seconds=seconds)

    with bench.inside(slug):
        for row in Approval.objects.filter(run=run):
            planned = row.policy["planned"]
            row.policy["planned"] = {kind: [_moved(at, seconds) for at in moments] for kind, moments in planned.items()}
            row.due_at, row.remind_at = nearer(row.due_at), nearer(row.remind_at)
            row.save()
    with enter_platform(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tenants_duetime SET wake_at = wake_at - make_interval(secs => %(s)s),"
            " due_at = due_at - make_interval(secs => %(s)s) WHERE kind = 'approval'",
            {"s": seconds},
        )


def _moved(at: str, seconds: float) -> str:
    from datetime import datetime

    return (datetime.fromisoformat(at) - timedelta(seconds=seconds)).isoformat()


def swept(bench: Bench) -> list[str]:
    """Sweep once and do what the sweeper asks for; return the approvals that it asked for, of every tenant."""
    with enter_platform():
        due = [one for one in sweep_due_times() if one.kind == "approval"]
    for one in due:
        if one.active:
            does(bench, "workflows.approval_due", slug=_slug(one.schema), approval=one.item)
    return [one.item for one in due]


def _slug(schema: str) -> str:
    with enter_platform():
        return Tenant.objects.get(schema_name=schema).slug


def record(bench: Bench, run: UUID, slug: str = "acme") -> list[str]:
    """Return the kinds of the record's entries in order."""
    from workflows.models import ApprovalEntry

    with bench.inside(slug):
        return list(ApprovalEntry.objects.filter(approval__run=run).order_by("id").values_list("kind", flat=True))


def due_rows() -> list[Any]:
    with enter_platform():
        return list(DueTime.objects.filter(kind="approval").values_list("item", flat=True))


def may(bench: Bench, run: UUID, role: str) -> bool:
    from workflows.actions.approvals import may_decide

    user, row = bench.user(role), approval(bench, run)
    with bench.inside():
        row.refresh_from_db()
        return may_decide(user, row) is None


@pytest.mark.parametrize(
    ("on_timeout", "decision", "status", "code"),
    [
        (None, "reject", "failed", "rejected"),
        ("reject", "reject", "failed", "rejected"),
        ("approve", "approve", "completed", ""),
        ("fail", "fail", "failed", "approval_overdue"),
    ],
)
def test_when_nobody_decides_in_time_the_policy_does(bench, on_timeout, decision, status, code):
    run = waits(bench, {"after": "4h", **({"on_timeout": on_timeout} if on_timeout else {})})
    later(bench, run, 4 * HOUR - 60)
    assert swept(bench) == []
    later(bench, run, 61)
    assert swept(bench) == [str(approval(bench, run).pk)]
    decided = approval(bench, run)
    assert (decided.status, decided.decision, decided.decided_by) == ("decided", decision, None)
    done = bench.advance(run)
    assert (done.status, (done.error or {}).get("code", "")) == (status, code)
    assert record(bench, run) == ["asked", "timed_out", "decided"]
    assert due_rows() == []


def test_what_was_asked_anew_without_an_edit_is_approved_as_it_is(bench):
    from workflows.models import Approval

    run = waits(bench, {"after": "4h", "on_timeout": "approve"})
    with bench.inside():
        Approval.objects.filter(run=run).update(round=2)
    later(bench, run, 4 * HOUR)
    swept(bench)
    assert (approval(bench, run).decision, approval(bench, run).edited_content) == ("approve", "")


def test_a_timeout_takes_its_own_route(bench):
    run = waits(bench, {"after": "4h", "on_timeout": "route"}, edges=("approve", "timeout"))
    later(bench, run, 4 * HOUR + 1)
    swept(bench)
    assert bench.advance(run).status == "completed"
    assert [step.node for step in bench.steps(run)] == ["ok", "timeout", "end"]


def test_a_route_that_no_edge_takes_is_refused_when_it_is_saved(bench):
    from workflows.definitions.problems import DefinitionInvalid

    with pytest.raises(DefinitionInvalid) as refused:
        waits(bench, {"after": "4h", "on_timeout": "route"})
    assert "timeout" in str(refused.value.details)


def test_reminders_come_once_each_and_those_that_were_missed_together(bench):
    run = waits(bench, {"after": "4h", "remind": ["1h", "2h", "-1h"]})
    assert swept(bench) == []
    later(bench, run, HOUR + 1)
    swept(bench)
    assert (record(bench, run), bench.types(run).count("approval.reminded")) == (["asked", "reminded"], 1)
    later(bench, run, 2 * HOUR)  # past the second and the third
    swept(bench)
    assert record(bench, run) == ["asked", "reminded", "reminded"]
    later(bench, run, 60)
    assert swept(bench) == []
    assert approval(bench, run).status == "pending"
    assert approval(bench, run).remind_at is None


def test_an_escalation_lets_others_decide_too(bench):
    run = waits(bench, {"after": "4h", "escalate": [{"after": "1h", "to": {"users": [OWNER]}}]})
    assert (may(bench, run, "approver"), may(bench, run, "owner")) == (True, False)
    later(bench, run, HOUR + 1)
    swept(bench)
    assert (may(bench, run, "approver"), may(bench, run, "owner")) == (True, True)
    assert approval(bench, run).level == 1
    [told] = [event.data for event in bench.events(run) if event.type == "approval.escalated"]
    assert (told["to"], told["move"], told["level"]) == ({"users": [OWNER]}, False, 1)
    bench.decide(run, "approve", role="owner")
    assert bench.advance(run).status == "completed"


def test_an_escalation_that_moves_takes_it_from_those_before(bench):
    step = {"after": "1h", "to": {"users": [OWNER]}, "move": True}
    run = waits(bench, {"after": "4h", "escalate": [step]})
    later(bench, run, HOUR + 1)
    swept(bench)
    assert (may(bench, run, "approver"), may(bench, run, "owner")) == (False, True)


def test_an_escalation_never_moves_to_nobody(bench):
    with bench.inside():
        from django.contrib.auth.models import Group

        Group.objects.get_or_create(name="Night shift")
    step = {"after": "1h", "to": {"groups": ["Night shift"]}, "move": True}
    run = waits(bench, {"after": "4h", "escalate": [step]})
    later(bench, run, HOUR + 1)
    swept(bench)
    assert (may(bench, run, "approver"), approval(bench, run).level) == (True, 1)


def test_an_escalation_puts_back_what_somebody_sits_on(bench):
    from workflows.actions.approvals import claim_approval

    run = waits(bench, {"after": "4h", "escalate": [{"after": "1h", "to": {"users": [OWNER]}}]})
    with bench.inside():
        claim_approval(actor=bench.user("approver"), approval=approval(bench, run))
    later(bench, run, HOUR + 1)
    swept(bench)
    assert approval(bench, run).claimed_by_id is None
    assert (may(bench, run, "approver"), may(bench, run, "owner")) == (True, True)


def test_who_is_kept_out_by_separation_stays_out(bench):
    """The editor started the run."""
    due = {"after": "4h", "escalate": [{"after": "1h", "to": {"users": [EDITOR, OWNER]}}]}
    run = waits(bench, due, separate=["starter"])
    later(bench, run, HOUR + 1)
    swept(bench)
    assert (may(bench, run, "editor"), may(bench, run, "owner")) == (False, True)


def test_the_steps_of_a_chain_come_one_after_the_other(bench):
    chain = [{"after": "1h", "to": {"users": [OWNER]}}, {"after": "2h", "to": {"roles": ["admin"]}, "move": True}]
    run = waits(bench, {"after": "4h", "escalate": chain, "remind": ["90m"]})
    for level, kinds in (
        (1, ["escalated"]),
        (1, ["escalated", "reminded"]),
        (2, ["escalated", "reminded", "escalated"]),
    ):
        later(bench, run, HOUR if level == 1 and len(kinds) == 1 else HOUR / 2)
        swept(bench)
        assert (approval(bench, run).level, record(bench, run)) == (level, ["asked", *kinds])
    assert (may(bench, run, "owner"), may(bench, run, "admin")) == (False, True)
    later(bench, run, 2 * HOUR)
    swept(bench)
    assert record(bench, run)[-2:] == ["timed_out", "decided"]


def test_messages_doubled_lost_early_or_late_change_nothing(bench):
    run = waits(bench, {"after": "4h", "remind": ["1h"], "on_timeout": "approve"})
    pk = str(approval(bench, run).pk)
    does(bench, "workflows.approval_due", approval=pk)  # early
    assert record(bench, run) == ["asked"]
    assert due_rows() == [UUID(pk)]
    later(bench, run, HOUR + 1)
    with enter_platform():
        assert [one.item for one in sweep_due_times() if one.kind == "approval"] == [pk]  # and the message is lost
    later(bench, run, 6)
    assert swept(bench) == [pk], "it is sent again"
    does(bench, "workflows.approval_due", approval=pk)  # doubled
    assert record(bench, run) == ["asked", "reminded"]
    later(bench, run, 4 * HOUR)
    swept(bench)
    does(bench, "workflows.approval_due", approval=pk)
    assert record(bench, run) == ["asked", "reminded", "timed_out", "decided"]
    assert bench.types(run).count("approval.decided") == 1
    assert bench.advance(run).status == "completed"


def test_decided_in_time_nothing_is_due(bench):
    run = waits(bench, {"after": "4h", "remind": ["1h"]})
    bench.decide(run, "approve")
    later(bench, run, 5 * HOUR)
    swept(bench)
    assert (approval(bench, run).decision, due_rows()) == ("approve", [])
    assert "timed_out" not in record(bench, run)


def test_a_cancelled_run_is_decided_by_nobody(bench):
    from workflows.actions.runs import cancel_run

    run = waits(bench, {"after": "4h", "on_timeout": "approve"})
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.run(run))
    later(bench, run, 5 * HOUR)
    swept(bench)
    assert approval(bench, run).decision == ""
    assert due_rows() == []


@pytest.mark.parametrize("first", ["person", "time"])
def test_of_a_person_and_the_time_one_decides(bench, first):
    """Whoever has the row's lock decides; the other finds it decided."""
    from workflows.actions.approval_times import approval_due
    from workflows.errors import ApprovalAlreadyDecided

    run = waits(bench, {"after": "4h", "on_timeout": "reject"})
    later(bench, run, 5 * HOUR)
    pk, inside, go = approval(bench, run).pk, threading.Event(), threading.Event()
    outcome: list[str] = []

    def person() -> None:
        try:
            bench.decide(run, "approve")
        except ApprovalAlreadyDecided:
            outcome.append("late")

    def time() -> None:
        with bench.inside():
            approval_due(approval_id=pk)

    def hold() -> None:
        with bench.inside(), transaction.atomic():
            (approval_due(approval_id=pk) if first == "time" else _decide(bench, pk))
            inside.set()
            go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(60)
    other = threading.Thread(target=person if first == "time" else time)
    other.start()
    other.join(0.3)
    assert other.is_alive(), "it waits for the lock"
    go.set()
    holder.join(60)
    other.join(60)
    decided = approval(bench, run)
    assert decided.decision == ("reject" if first == "time" else "approve")
    assert outcome == (["late"] if first == "time" else [])
    assert record(bench, run).count("decided") == 1
    assert bench.types(run).count("approval.decided") == 1


def _decide(bench: Bench, pk: UUID) -> None:
    from workflows.actions.approvals import decide_approval
    from workflows.models import Approval

    decide_approval(actor=bench.user("approver"), approval=Approval.objects.get(pk=pk), decision="approve")


def test_a_worker_that_dies_before_it_commits_has_done_nothing(bench):
    from workflows.actions.approval_times import approval_due

    run = waits(bench, {"after": "4h", "escalate": [{"after": "1h", "to": {"users": [OWNER]}}], "remind": ["1h"]})
    later(bench, run, HOUR + 1)
    pk = approval(bench, run).pk
    dies = _dies_after(approval_due, approval_id=pk)
    with bench.inside(), pytest.raises(SystemExit):
        dies()
    assert (record(bench, run), approval(bench, run).level) == (["asked"], 0)
    assert swept(bench) == [str(pk)]
    assert record(bench, run) == ["asked", "escalated", "reminded"]


def _dies_after(action: Any, **given: Any) -> Any:
    @transaction.atomic
    def dies() -> None:
        action(**given)
        raise SystemExit

    return dies


def test_a_worker_that_dies_after_the_timeout_leaves_a_run_that_goes_on(bench):
    run = waits(bench, {"after": "4h", "on_timeout": "approve"})
    later(bench, run, 5 * HOUR)
    swept(bench)  # and nobody receives the message that wakes the run
    assert bench.ticket(run).state == "ready"
    assert bench.advance(run).status == "completed"


def test_a_suspended_tenant_waits_and_another_one_does_not(bench):
    mine = waits(bench, {"after": "4h", "on_timeout": "approve"})
    theirs = waits(bench, {"after": "4h", "on_timeout": "approve"}, slug="globex")
    later(bench, mine, 5 * HOUR)
    later(bench, theirs, 5 * HOUR, slug="globex")
    pk = approval(bench, mine).pk
    with enter_platform():
        Tenant.objects.filter(slug="acme").update(status="suspended")
    try:
        assert str(pk) in swept(bench)
        with pytest.raises(TenantSuspended):
            does(bench, "workflows.approval_due", approval=str(pk))
    finally:
        with enter_platform():
            Tenant.objects.filter(slug="acme").update(status="active")
    assert approval(bench, mine).status == "pending"
    assert approval(bench, theirs, "globex").status == "decided"
    with enter_platform():
        DueTime.objects.filter(item=pk, kind="approval").update(wake_at=F("due_at"))
    assert swept(bench) == [str(pk)]
    assert approval(bench, mine).decision == "approve"


@pytest.fixture
def acme_again():
    """Let acme be as it was."""
    yield
    with enter_platform():
        Tenant.objects.filter(slug="acme").update(status="active", suspended_at=None, resumed_at=None)


def suspended_for(bench: Bench, run: UUID, hours: float) -> None:
    """Suspend acme, let so many hours go by, and let it work again."""
    pk = approval(bench, run).pk
    with enter_platform():
        acme = Tenant.objects.get(slug="acme")
        set_status(tenant=acme, status="suspended")
        Tenant.objects.filter(pk=acme.pk).update(suspended_at=F("suspended_at") - timedelta(hours=hours))
        set_status(tenant=acme, status="active")
    later(bench, run, hours * HOUR)
    with enter_platform():
        DueTime.objects.filter(item=pk, kind="approval").update(wake_at=F("due_at"))


def test_what_passed_in_a_suspension_counts_from_its_end(bench, acme_again):
    run = waits(bench, {"after": "4h", "remind": ["-1h"], "on_timeout": "approve"})
    theirs = waits(bench, {"after": "4h", "on_timeout": "reject"}, slug="globex")
    later(bench, theirs, 10 * HOUR, slug="globex")
    suspended_for(bench, run, 10)
    pk = str(approval(bench, run).pk)
    assert pk in swept(bench)
    found = approval(bench, run)
    assert found.status == "pending"
    assert approval(bench, theirs, "globex").decision == "reject"
    with bench.inside():
        assert [entry.kind for entry in found.entries.order_by("id")][-1] == "postponed"
    later(bench, run, 3.9 * HOUR)
    resumed_earlier(3.9)
    swept(bench)
    assert approval(bench, run).status == "pending"
    later(bench, run, 0.2 * HOUR)
    resumed_earlier(0.2)
    assert pk in swept(bench)
    assert approval(bench, run).decision == "approve"


def test_what_was_nearly_due_has_an_hour_after_a_suspension(bench, acme_again):
    run = waits(bench, {"after": "4h", "on_timeout": "reject"})
    later(bench, run, 3.99 * HOUR)
    suspended_for(bench, run, 5)
    swept(bench)
    found = approval(bench, run)
    assert found.status == "pending"
    assert 3_000 < (found.due_at - timezone.now()).total_seconds() <= 3_600
    later(bench, run, 1.1 * HOUR)
    resumed_earlier(1.1)
    swept(bench)
    assert approval(bench, run).decision == "reject"


def test_what_was_not_due_in_a_suspension_stays_when_it_is(bench, acme_again):
    run = waits(bench, {"after": "4h", "on_timeout": "reject"})
    suspended_for(bench, run, 1)
    later(bench, run, 3.1 * HOUR)
    resumed_earlier(3.1)
    swept(bench)
    assert approval(bench, run).decision == "reject"


def resumed_earlier(hours: float) -> None:
    """Let the suspension lie so much further back, as ``later`` lets everything that is planned."""
    back = timedelta(hours=hours)
    with enter_platform():
        Tenant.objects.filter(slug="acme").update(
            suspended_at=F("suspended_at") - back, resumed_at=F("resumed_at") - back
        )


def test_an_approval_of_another_tenant_is_nothing_to_work_on(bench):
    run = waits(bench, {"after": "4h"})
    later(bench, run, 5 * HOUR)
    does(bench, "workflows.approval_due", slug="globex", approval=str(approval(bench, run).pk))
    assert approval(bench, run).status == "pending"
    assert due_rows() == [approval(bench, run).pk]


@pytest.mark.parametrize("moved_s", [HOUR, -HOUR])
def test_a_clock_that_moves_by_an_hour_moves_the_decision_by_an_hour_and_no_more(bench, moved_s):
    """The database's clock jumps: everything that is stored lies so much nearer, or farther, and is done once all the same."""
    run = waits(bench, {"after": "4h", "remind": ["1h"], "on_timeout": "approve"})
    later(bench, run, HOUR + 1)
    swept(bench)
    later(bench, run, moved_s)
    with enter_platform():
        correct_due_times()
    assert swept(bench) == []
    assert record(bench, run) == ["asked", "reminded"], "a clock that goes back reminds nobody again"
    real_s = 3 * HOUR - moved_s
    later(bench, run, real_s - 60)
    with enter_platform():
        correct_due_times()
    assert swept(bench) == []
    later(bench, run, 60)
    with enter_platform():
        correct_due_times()
    assert len(swept(bench)) == 1
    assert record(bench, run) == ["asked", "reminded", "timed_out", "decided"]


def test_overdue_is_told_once(bench):
    from nexod.kernel import happenings

    told: list[Any] = []
    happenings.register(happenings.Listener("t", "true", told.append))
    try:
        run = waits(bench, {"after": "4h"})
        later(bench, run, 5 * HOUR)
        swept(bench)
        does(bench, "workflows.approval_due", approval=str(approval(bench, run).pk))
    finally:
        del happenings._listeners["t"]
    overdue = [one for one in told if one.kind == "approval.overdue"]
    assert [one.data["approval"]["id"] for one in overdue] == [str(approval(bench, run).pk)]
    assert overdue[0].data["run"]["id"] == str(run)


def test_a_due_time_that_passes_fires_what_waits_for_it(bench):
    from tests.triggers import made
    from workflows.models import Firing, Trigger

    target = bench.workflow(definition([output()]), name="Told")
    made(bench, target, "event", config={"event": "approval.missed"})
    try:
        run = waits(bench, {"after": "4h"})
        later(bench, run, 5 * HOUR)
        swept(bench)
        does(bench, "workflows.approval_due", approval=str(approval(bench, run).pk))
        with bench.inside():
            [firing] = Firing.objects.all()
            assert (firing.event["kind"], firing.event["approval"]["decision"]) == ("approval.overdue", "reject")
    finally:
        with bench.inside():
            Trigger.objects.all().delete()


def test_business_hours_of_the_tenant_count(bench):
    from tenants.due_times import database_now
    from workflows.actions.business_hours import set_business_hours, tenant_calendar
    from workflows.approvals.calendar import open_until

    week = {"monday": [["08:00", "12:00"]], "wednesday": [["13:00", "15:30"]]}
    with bench.inside():
        set_business_hours(actor=bench.user("owner"), zone="Europe/Berlin", week=week, holidays=[])
    try:
        run = waits(bench, {"after": "40h", "hours": "business", "remind": ["-3h"]})
        with bench.inside():
            now, row = database_now(), approval(bench, run)
            wanted = [open_until(tenant_calendar(), now, timedelta(hours=hours)) for hours in (37, 40)]
        for found, expected in zip((row.remind_at, row.due_at), wanted, strict=True):
            assert abs((found - expected).total_seconds()) < 60
        with bench.inside("globex"):
            assert tenant_calendar().zone.key == "UTC"
    finally:
        from workflows.models import BusinessHours

        with bench.inside():
            BusinessHours.objects.all().delete()


def test_without_times_nothing_is_due(bench):
    run = bench.ran(definition([ask("ok"), output()])).id
    assert (approval(bench, run).due_at, due_rows()) == (None, [])


def test_those_who_may_decide_are_told(bench):
    run = waits(bench, {"after": "4h", "remind": ["1h"]})
    later(bench, run, HOUR + 1)
    swept(bench)
    tells(bench)
    assert notifications(bench)
    assert notifications(bench, "globex") == []
