"""Count anew when who may decide has changed: people leave, lose a role or a group, are away. Nothing waits for who is gone.

Votes that were given count. What they decide now is decided; what too few people are left for is told to the owners, who can
hand it to others, and stops its run when nobody has done so for SHORT_FOR. Nobody's silence ever lets anything through.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from nexod.kernel.errors import NotFound
from workflows.actions.approval_record import Kind, note, tell_people
from workflows.actions.approvals.deciding import locked, settled, standing_of
from workflows.actions.approvals.settling import settle, tell_workspace
from workflows.approvals.people import require_open
from workflows.approvals.policy import parse
from workflows.approvals.quorum import Tally
from workflows.errors import ApprovalAlreadyDecided, ApprovalWithdrawn
from workflows.models import Approval

SHORT_FOR = timedelta(hours=24)
SHORT = "short_until"
TOO_FEW = "Too few people were left who may decide this."
MOST = 5_000


def recount_approvals(now: datetime) -> int:
    """Count every pending approval anew that a policy asks; return how many that decided or found too few people for."""
    asked = Approval.objects.pending().exclude(policy={}).order_by("created_at", "id")
    return sum(_recounted(pk, now) for pk in list(asked.values_list("pk", flat=True)[:MOST]))


@transaction.atomic
def _recounted(approval_id: UUID, now: datetime) -> bool:
    try:
        approval = locked(approval_id)
        require_open(approval)
    except (NotFound, ApprovalAlreadyDecided, ApprovalWithdrawn):
        return False
    return recount(approval, now)


def recount(approval: Approval, now: datetime) -> bool:
    """Count a pending approval anew that the caller has locked; say whether it is decided now, or newly short of people."""
    policy = parse(approval.policy)
    counted = standing_of(approval, policy, absences=True)
    if counted.outcome and policy.quorum != "any":
        _decide(approval, counted)
        return True
    until = short_until(approval)
    if not counted.is_short:
        if until is not None:
            _keep(approval, None)
        return False
    if until is None:
        _tell_short(approval, counted, now + SHORT_FOR)
        return True
    if until <= now:
        note(approval, Kind.TIMED_OUT, because="short")
        settle(approval, decision="fail", comment=TOO_FEW)
        return True
    return False


def short_until(approval: Approval) -> datetime | None:
    """Return until when people are waited for, of whom too few are there; None when there are enough."""
    until = approval.policy.get(SHORT)
    return datetime.fromisoformat(until) if until else None


def _decide(approval: Approval, counted: Tally) -> None:
    """Decide as the votes say that there are; the last of them has made it up."""
    note(approval, Kind.RECOUNTED, approved=counted.approved, needed=counted.needed)
    last = approval.votes.filter(round=approval.round).order_by("-created_at", "-id").select_related("user").first()
    settled(approval, counted.outcome, last.user if last else None)


def _tell_short(approval: Approval, counted: Tally, until: datetime) -> None:
    there = counted.approved + len(counted.missing - counted.absent)
    short = note(approval, Kind.SHORT, needed=max(1, counted.needed), there=there, until=until.isoformat())
    _keep(approval, until)
    tell_workspace(approval, "short")
    tell_people(short.pk)


def _keep(approval: Approval, until: datetime | None) -> None:
    policy = {name: value for name, value in approval.policy.items() if name != SHORT}
    approval.policy = policy if until is None else {**policy, SHORT: until.isoformat()}
    approval.save(update_fields=["policy", "updated_at"])
