"""Who may decide changes while it is asked: nothing waits for who is gone, and nobody's silence decides."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone

from tenants.context import enter_platform
from tenants.messages import LANE, enqueue_folded
from tenants.models import DueTime
from tests.faults import until
from tests.integration.test_approval_times import approval, later, swept
from tests.integration.test_kept_messages import does, notifications, swept_after, tells
from tests.panel import Panel, asks, panel, users
from tests.workbench import Bench, output

__all__ = ["panel"]
RECOUNT = "workflows.recount_approvals"
DAY = 86_400


def waits(bench: Bench, policy: dict[str, Any], slug: str = "acme") -> UUID:
    run = bench.ran(asks(policy, output()), slug=slug)
    assert (run.status, run.waiting_for) == ("waiting", "approval"), run.error
    return run.id


def leaves(panel: Panel, name: str, slug: str = "acme") -> None:
    """Take somebody's access, as an owner does."""
    from tenants.accounts.actions.users import update_user

    with panel.bench.inside(slug):
        update_user(actor=panel.bench.user("owner", slug), user=panel.user(name, slug), is_active=False)


def recounted(bench: Bench, slug: str = "acme") -> None:
    """Do what the sweeper asks for when somebody has asked."""
    with bench.inside(slug):
        enqueue_folded(DueTime.Kind.RECOUNT)
    does(bench, RECOUNT, slug=slug, lane=str(LANE))


def asked(slug: str = "acme") -> int:
    """Return how many recounts are asked for that nobody has done yet."""
    with enter_platform():
        return DueTime.objects.filter(kind=DueTime.Kind.RECOUNT, tenant__slug=slug).count()


def test_who_leaves_is_not_waited_for_and_the_votes_decide_at_that_moment(bench: Bench, panel: Panel) -> None:
    run = waits(bench, users("ann", "ben", "cal", quorum="all"))
    theirs = waits(bench, users("ann", "ben", "cal", quorum="all", slug="globex"), "globex")
    for name in ("ann", "ben"):
        panel.decide(run, name)
        panel.decide(theirs, name, slug="globex")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    assert asked() == 0
    leaves(panel, "cal")
    assert (asked(), asked("globex")) == (1, 0)
    assert [kind for kind, *_ in swept_after(2)].count("recount") == 1
    does(bench, RECOUNT, lane=str(LANE))
    assert asked() == 0
    found = approval(bench, run)
    assert (found.decision, found.decided_by.email) == ("approve", panel.email("ben"))
    assert ("recounted", "", "") in panel.entries(run)
    assert bench.advance(run).status == "completed"
    recounted(bench, "globex")
    assert approval(bench, theirs, "globex").status == "pending"


def test_a_thousand_changes_of_people_are_counted_once(
    bench: Bench, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.actions import approval_times
    from workflows.actions.absences import change_absence

    run = waits(bench, users("ann", "ben", quorum="all"))
    panel.decide(run, "ann")
    counts: list[int] = []
    count = approval_times.recount_all
    monkeypatch.setattr(approval_times, "recount_all", lambda: counts.append(1) or count())
    away = panel.away("ben", "dan")
    ben = panel.user("ben")
    with bench.inside():
        for day in range(1, 1_000):
            change_absence(actor=ben, absence=away, until_at=timezone.now() + timedelta(days=day))
    leaves(panel, "dan")
    sent = 0
    while asked():
        sent += [kind for kind, *_ in swept_after(2)].count("recount")
        does(bench, RECOUNT, lane=str(LANE))
        assert sent < 5
    assert (sent, len(counts)) == (1, 1)
    assert approval(bench, run).decision == "approve"
    does(bench, RECOUNT, lane=str(LANE))
    assert len(counts) == 1, "a message that comes twice has nothing to do"


def test_a_change_that_is_about_to_be_committed_is_waited_for_or_counted_after(bench: Bench, panel: Panel) -> None:
    """The message is on its way when somebody else begins to leave: no change falls between two recounts."""
    run = waits(bench, users("ann", "ben", quorum="all"))
    panel.decide(run, "ann")
    with bench.inside():
        enqueue_folded(DueTime.Kind.RECOUNT)
    counted = threading.Thread(target=does, args=(bench, RECOUNT), kwargs={"lane": str(LANE)})
    with bench.inside(), transaction.atomic():
        leaves_now(panel, "ben")
        counted.start()
        until(is_waited_for, "the recount waits", seconds=60)
    counted.join()
    assert approval(bench, run).decision == "approve"
    assert asked() == 0


def test_what_changes_while_it_is_counted_is_counted_again(
    bench: Bench, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.actions import approval_times

    run = waits(bench, users("ann", "ben", quorum="all"))
    panel.decide(run, "ann")
    count = approval_times.recount_all

    def overtaken() -> int:
        found = count()
        leaves(panel, "ben")
        return found

    monkeypatch.setattr(approval_times, "recount_all", overtaken)
    recounted(bench)
    assert (approval(bench, run).status, asked()) == ("pending", 1)
    monkeypatch.setattr(approval_times, "recount_all", count)
    does(bench, RECOUNT, lane=str(LANE))
    assert approval(bench, run).decision == "approve"


def leaves_now(panel: Panel, name: str) -> None:
    """Take somebody's access in the transaction that is open."""
    from tenants.accounts.actions.users import update_user

    owner, person = panel.bench.user("owner"), panel.user(name)
    update_user(actor=owner, user=person, is_active=False)


def is_waited_for() -> bool:
    """Say whether somebody waits for a row's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_who_loses_the_role_or_leaves_the_group_has_no_place_any_more(bench: Bench, panel: Panel) -> None:
    from tenants.accounts.actions.groups import update_group
    from tenants.accounts.actions.users import update_user

    group = panel.group("lawyers", "ann", "ben", "cal")
    run = waits(bench, {"who": {"groups": [group]}, "quorum": "all"})
    panel.decide(run, "ann")
    with bench.inside():
        update_user(actor=bench.user("owner"), user=panel.user("ben"), role="viewer")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    with bench.inside():
        row = Group.objects.get(name=group)
        update_group(actor=bench.user("owner"), group=row, members=[panel.user("ann"), panel.user("ben")])
    recounted(bench)
    assert approval(bench, run).decision == "approve"


def test_the_next_vote_counts_who_is_there_then(bench: Bench, panel: Panel) -> None:
    run = waits(bench, users("ann", "ben", quorum="all"))
    leaves(panel, "ben")
    panel.decide(run, "ann")
    assert approval(bench, run).decision == "approve"


@pytest.mark.parametrize("quorum", ["all", 2, "any"])
def test_nobodys_silence_decides_owners_are_told_and_in_the_end_the_run_fails(
    bench: Bench, panel: Panel, quorum: Any
) -> None:
    run = waits(bench, users("ann", "ben", quorum=quorum))
    leaves(panel, "ann")
    leaves(panel, "ben")
    recounted(bench)
    recounted(bench)
    pk = str(approval(bench, run).pk)
    assert approval(bench, run).status == "pending"
    assert [kind for kind, *_ in panel.entries(run)].count("short") == 1
    tells(bench)
    assert "approval.short" in notifications(bench)
    wait_on(bench, run)
    assert pk in swept(bench)
    found = approval(bench, run)
    assert (found.decision, found.decided_by, found.comment[:14]) == ("fail", None, "Too few people")
    failed = bench.advance(run)
    assert (failed.status, failed.error["code"]) == ("failed", "approvers_missing")


def wait_on(bench: Bench, run: UUID) -> None:
    """Let a day pass."""
    from workflows.models import Approval

    with bench.inside():
        row = Approval.objects.get(run=run)
        row.policy["short_until"] = (timezone.now() - timedelta(seconds=1)).isoformat()
        row.policy.setdefault("planned", {})
        row.save()
    later(bench, run, DAY + 60)


def test_a_number_that_too_few_are_left_for_is_not_lowered(bench: Bench, panel: Panel) -> None:
    run = waits(bench, users("ann", "ben", "cal", quorum=2))
    panel.decide(run, "ann")
    leaves(panel, "ben")
    recounted(bench)
    assert "short" not in [kind for kind, *_ in panel.entries(run)]
    leaves(panel, "cal")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    assert "short" in [kind for kind, *_ in panel.entries(run)]


def test_handed_to_somebody_it_goes_on(bench: Bench, panel: Panel) -> None:
    from workflows.actions.approvals import reassign_approval

    run = waits(bench, users("ann", quorum="any"))
    leaves(panel, "ann")
    recounted(bench)
    with bench.inside():
        reassign_approval(actor=bench.user("owner"), approval=panel.asked(run), to=panel.user("dan"))
    recounted(bench)
    assert "short_until" not in approval(bench, run).policy
    panel.decide(run, "dan")
    assert approval(bench, run).decision == "approve"


def test_all_are_those_who_are_there_or_stood_in_for(bench: Bench, panel: Panel) -> None:
    """Ben's stand-in has no access any more, so nobody acts for Ben; without a vote of somebody's nothing is decided."""
    run = waits(bench, users("ann", "ben", quorum="all"))
    panel.away("ben", "dan")
    leaves(panel, "dan")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    panel.decide(run, "ann")
    assert approval(bench, run).decision == "approve"


def test_all_of_whom_nobody_is_there_are_waited_for_and_told_of(bench: Bench, panel: Panel) -> None:
    run = waits(bench, users("ben", quorum="all"))
    panel.away("ben", "dan")
    leaves(panel, "dan")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    assert "short" in [kind for kind, *_ in panel.entries(run)]
    panel.decide(run, "ben")  # who is away may be there all the same
    assert approval(bench, run).decision == "approve"


def test_an_absence_that_begins_is_found_within_the_hour(bench: Bench, panel: Panel) -> None:
    """Nobody tells of it: what several vote on is counted again by itself."""
    from workflows.actions.absences import set_absence
    from workflows.models import Absence

    run = waits(bench, users("ann", "ben", quorum="all"))
    panel.decide(run, "ann")
    with bench.inside():
        ben, soon = panel.user("ben"), timezone.now() + timedelta(hours=2)
        set_absence(actor=ben, stand_in=panel.user("dan"), from_at=soon)
    leaves(panel, "dan")
    recounted(bench)
    assert approval(bench, run).status == "pending"
    with bench.inside():
        Absence.objects.update(from_at=timezone.now() - timedelta(seconds=1))
        row = approval(bench, run)
        row.policy.setdefault("planned", {})
        row.save()
    later(bench, run, 3_700)
    assert str(row.pk) in swept(bench)
    assert approval(bench, run).decision == "approve"
