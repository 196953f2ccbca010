"""Links that end with what they were made for: the decision, the person's part in it, the content as it was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from nexod.kernel.errors import Conflict
from tenants.accounts.models import User
from tenants.addresses import address
from workflows.actions.approvals import note
from workflows.approvals.people import Member, may_decide
from workflows.approvals.seen import present_digest
from workflows.errors import ApprovalClaimed, VoteCast
from workflows.links.token import STANDING_BYTES, LinkUnknown, Ticket, read, written
from workflows.models import Absence, Approval, ApprovalEntry, Vote

LASTS = timedelta(days=3)
PATH = "/decide/"


class LinkEnded(Conflict):
    """This link does not work any more."""

    code, status = "link_ended", 410


class LinkUsed(Conflict):
    """You have decided this already."""

    code = "link_used"

    def __init__(self, vote: Vote) -> None:
        super().__init__()
        self.vote = vote


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a link lets decide what."""

    approval: Approval
    user: User


def approval_link(approval: Approval, user: User) -> str:
    """Return the whole address at which ``user`` may decide ``approval`` once, within LASTS, as things stand now."""
    ticket = Ticket(approval.pk, user.pk, timezone.now() + LASTS, _standing(approval, user))
    return address(f"{PATH}{written(ticket)}")


def opened(token: str) -> Opened:
    """Return what the link leads to. Writes nothing.

    Raises LinkUnknown, LinkUsed for somebody who has voted, and LinkEnded with the reason that this person may know.
    """
    ticket = read(token)
    user = User.objects.filter(pk=ticket.user).first()
    approval = (
        Approval.objects.select_related("run", "step", "decided_by", "previous").filter(pk=ticket.approval).first()
    )
    if user is None or approval is None:
        raise LinkUnknown
    if not user.is_active or not user.has_perm("workflows.decide_approval"):
        raise LinkEnded
    _require_open(approval, user)
    _require_unchanged(approval, user, ticket)
    if (refusal := may_decide(user, approval)) is not None:
        if isinstance(refusal, VoteCast):
            _require_open(approval, user)  # another press of theirs may have come in between
        raise refusal if isinstance(refusal, ApprovalClaimed) else LinkEnded(refusal.message)
    return Opened(approval, user)


def note_link_sent(approval: Approval, user: User) -> None:
    """Write into the record that a link went to the person."""
    note(approval, ApprovalEntry.Kind.LINK_SENT, for_user=Member(user.pk, user.email, str(user), frozenset()))


def note_link_used(approval: Approval, user: User) -> None:
    """Write into the record that the person decided by the link."""
    note(approval, ApprovalEntry.Kind.LINK_USED, by=user)


def _require_open(approval: Approval, user: User) -> None:
    vote = approval.votes.select_related("approval").filter(user=user, round=approval.round).first()
    if vote is not None:
        raise LinkUsed(vote)
    if approval.status == Approval.Status.DECIDED:
        raise LinkEnded("This is decided already.")
    if approval.status == Approval.Status.WITHDRAWN or approval.run.is_over:
        raise LinkEnded("This is not asked any more: the run has ended.")


def _require_unchanged(approval: Approval, user: User, ticket: Ticket) -> None:
    if ticket.until < timezone.now():
        raise LinkEnded(f"Links in e-mails work for {LASTS.days} days, and this one is older.")
    if ticket.standing != _standing(approval, user):
        raise LinkEnded("Since this link was sent, what is asked or who may decide it has changed.")


def _standing(approval: Approval, user: User) -> bytes:
    """Return a hash of what ends a link when it changes: content, assignment, absences, and the password that opens the account."""
    away = Absence.objects.filter(Q(user=user) | Q(stand_in=user)).order_by("pk")
    parts = [
        present_digest(approval),
        approval.round,
        approval.assigned_to_id,
        *sorted(str(person) for person in approval.excluded),
        user.get_session_auth_hash(),
        *(f"{row.user_id}{row.stand_in_id}{_text(row.from_at)}{_text(row.until_at)}" for row in away),
    ]
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()[:STANDING_BYTES]


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
