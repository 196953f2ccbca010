"""What people can be told, in the words of the page where they choose, and what holds for who has not chosen."""

from __future__ import annotations

from dataclasses import dataclass

from collaboration.models import NotificationPreference

Email = NotificationPreference.Email

APPROVAL_REQUESTED, APPROVAL_REMINDER, APPROVAL_ESCALATED = (
    "approval.requested",
    "approval.reminder",
    "approval.escalated",
)
APPROVAL_REASSIGNED, APPROVAL_DECIDED, APPROVAL_SHORT = "approval.reassigned", "approval.decided", "approval.short"
RUN_FAILED, RUN_FINISHED = "run.failed", "run.finished"
BUDGET_NEAR, WEBHOOK_DISABLED, MENTION, COMMENT = "budget.near", "webhook.disabled", "mention", "comment"
# These ask for a decision: their e-mails carry a link that works once, and are not sent when it was made meanwhile.
ASKING = (APPROVAL_REQUESTED, APPROVAL_REMINDER, APPROVAL_ESCALATED, APPROVAL_REASSIGNED)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notification."""

    name: str
    title: str
    email: str = Email.IMMEDIATE
    action: str = "Open"
    """What the button of an e-mail says."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(APPROVAL_REQUESTED, "A decision is asked of me", action="Look and decide"),
        Kind(APPROVAL_REMINDER, "A decision that is asked of me is nearly due", action="Look and decide"),
        Kind(APPROVAL_ESCALATED, "A decision was escalated to me", action="Look and decide"),
        Kind(APPROVAL_REASSIGNED, "A decision was handed to me", action="Look and decide"),
        Kind(APPROVAL_DECIDED, "A decision was made on a run that I started", Email.OFF),
        Kind(APPROVAL_SHORT, "A decision waits, and too few people are there to make it", action="Hand it to somebody"),
        Kind(RUN_FAILED, "A run that I started failed", action="See what happened"),
        Kind(RUN_FINISHED, "A run that I started completed or was cancelled", Email.OFF),
        Kind(BUDGET_NEAR, "A budget is nearly used up"),
        Kind(WEBHOOK_DISABLED, "A webhook was disabled"),
        Kind(MENTION, "Somebody mentioned me", action="Read and answer"),
        Kind(COMMENT, "Somebody commented where I take part", Email.HOURLY, action="Read and answer"),
    )
}


def kind_of(name: str) -> Kind:
    """Return the kind; one that is not known any more is told as it is, without an e-mail."""
    return KINDS.get(name) or Kind(name, name, Email.OFF)
