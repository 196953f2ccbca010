"""What the card of an approval shows, wherever it stands: its own page, beside the inbox, on the page of its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from nexod.admin.actors import actor_of, may
from nexod.admin.schema_form import InputForm
from tenants.accounts.models import User
from workflows.actions.approvals import offered
from workflows.actions.approvals.deciding import standing_of
from workflows.admin.approval_inbox import due_tone
from workflows.admin.word_diff import Line, Row, compared, is_cut, side_by_side
from workflows.approvals.answers import unfenced
from workflows.approvals.claims import claim_of
from workflows.approvals.people import PERMISSION, Desk, desk_of, places_of
from workflows.approvals.quorum import Tally
from workflows.approvals.seen import present_digest
from workflows.models import Approval, Run, Vote

Json = dict[str, Any]
ARGUMENTS = "arguments"
CANDIDATES = 200
AFTERWARDS = {
    "reject": "it is rejected", "approve": "it is approved", "route": "the run takes its route for that",
    "fail": "the step fails",
}  # fmt: skip
WITH = ("run", "step", "decided_by", "claimed_by", "assigned_to", "previous", "budget")


@dataclass(frozen=True)
class Card:
    """One approval as one person meets it. ``next`` is where a decision leads back to; ``given`` is what was typed before."""

    approval: Approval
    person: User
    next: str = ""
    refusal: str = ""
    """Why this person may not decide; empty for whoever may."""
    decisions: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    form: InputForm | None = None
    problem: str = ""
    """What was wrong with what was given the last time."""

    @property
    def may_decide(self) -> bool:
        """Say whether there is something to answer for this person."""
        return not self.refusal and self.approval.status == Approval.Status.PENDING

    @property
    def arguments(self) -> Json | None:
        """Return what a tool would be called with, as it stands now."""
        return arguments_of(self.approval)

    @property
    def digest(self) -> str:
        """Return the hash of what is shown."""
        return present_digest(self.approval)

    @property
    def tone(self) -> str:
        """Return how urgent it is."""
        return due_tone(self.approval)

    @cached_property
    def progress(self) -> Tally:
        """Return how many have approved, and how many have to."""
        return standing_of(self.approval)

    @cached_property
    def votes(self) -> list[Vote]:
        """Return what was said in this round."""
        rows = self.approval.votes.select_related("user", "for_user").filter(round=self.approval.round)
        return list(rows.order_by("created_at"))

    @property
    def holder(self) -> bool:
        """Say whether somebody has it on the desk; a forgotten claim does not count."""
        return self.approval.status == Approval.Status.PENDING and claim_of(self.approval) is not None

    @cached_property
    def changes(self) -> list[Line]:
        """Return how what is asked differs from the last time."""
        before = _before(self.approval)
        return [] if before is None else compared(before, _text_of(self.approval))

    @property
    def change_rows(self) -> list[Row]:
        """Return the same side by side."""
        return side_by_side(self.changes)

    @property
    def is_changes_cut(self) -> bool:
        """Say whether the comparison ends before the texts do."""
        return is_cut(_before(self.approval) or "", _text_of(self.approval))

    @property
    def is_edited(self) -> bool:
        """Say whether somebody's edit stands in the place of what was asked."""
        return is_edited(self.approval)

    @property
    def before(self) -> str:
        """Say what it is compared with, empty where there is nothing."""
        if self.is_edited:
            return "what was asked first"
        return "the last time" if self.approval.previous_id else ""

    @property
    def is_overdue(self) -> bool:
        """Say whether its time is over and it still waits."""
        due = self.approval.due_at
        return self.approval.status == Approval.Status.PENDING and due is not None and due <= timezone.now()

    @property
    def due_words(self) -> str:
        """Say what happens by itself when nobody decides in time."""
        after = self.approval.policy.get("due", {}).get("on_timeout", "reject")
        return AFTERWARDS.get(after, "") if self.approval.due_at else ""

    @property
    def reminder(self) -> datetime | None:
        """Return when people are reminded next."""
        return self.approval.remind_at if self.approval.status == Approval.Status.PENDING else None

    @property
    def may_claim(self) -> bool:
        """Say whether this person can take it as theirs to decide."""
        is_one = self.approval.policy.get("quorum", "any") == "any"
        return self.may_decide and is_one and claim_of(self.approval) is None

    @property
    def may_release(self) -> bool:
        """Say whether this person can let others have it again."""
        return self.holder and (self.approval.claimed_by_id == self.person.pk or self.may_pass_any)

    @property
    def may_reassign(self) -> bool:
        """Say whether this person can pass it to somebody else."""
        return self.approval.status == Approval.Status.PENDING and (self.may_decide or self.may_pass_any)

    @property
    def places(self) -> list[Any]:
        """Return in whose place somebody else can vote, for who may pass on the places of others."""
        if self.approval.policy.get("quorum", "any") == "any" or not self.may_pass_any:
            return []
        return sorted(places_of(self.approval).values(), key=lambda one: one.name)

    @property
    def may_pass_any(self) -> bool:
        """Say whether this person may pass on what is others' to decide."""
        return bool(self.person.has_perm("workflows.reassign_approval"))

    @property
    def candidates(self) -> list[User]:
        """Return to whom it can be passed."""
        people = User.objects.filter(is_active=True).exclude(pk__in=[self.person.pk, *self.approval.excluded])
        found = people.filter(groups__permissions__codename="decide_approval").distinct().order_by("full_name", "email")
        return list(found[:CANDIDATES])


def card_of(request: HttpRequest, approval: Approval, desk: Desk | None = None, **more: Any) -> Card:
    """Return the card of one approval for whoever asks."""
    refusal = (desk or desk_of(actor_of(request))).refusal(approval)
    reason = refusal.message if refusal else ""
    if refusal is not None and not may(request, PERMISSION):
        asked = ", ".join([*approval.roles, *approval.groups]) or "people by name"
        reason = f"This is for {asked} to decide. Your role may look at it."
    decisions = tuple(offered(approval))
    form = more.pop("form", None) or (edit_form(approval) if "edit" in decisions else None)
    return Card(approval, actor_of(request), refusal=reason, decisions=decisions, form=form, **more)


def cards_of(request: HttpRequest, run: Run, *, next_: str = "") -> list[Card]:
    """Return the cards of everything that the run asks now, what was asked first coming first."""
    rows = Approval.objects.pending().filter(run=run).select_related(*WITH).order_by("created_at", "id")
    desk = desk_of(actor_of(request))
    return [card_of(request, approval, desk, next=next_) for approval in rows.prefetch_related("votes")]


def edit_form(approval: Approval, data: Any = None) -> InputForm | None:
    """Return the fields in which what is asked can be edited; None where its schema names none, and it is edited as text."""
    schema = approval.schema or {}
    return InputForm(schema, data, initial=edited(approval), prefix=ARGUMENTS) if schema.get("properties") else None


def edited(approval: Approval, form: InputForm | None = None) -> Json:
    """Return what is asked as JSON, as it stands now or as the form makes it; what the form does not know stays as it is."""
    now = arguments_of(approval) or {}
    if form is None:
        return now
    return {name: value for name, value in now.items() if name not in form.fields} | form.inputs()


def arguments_of(approval: Approval) -> Json | None:
    """Return the JSON object that is to be decided on now: an edit that needs more votes has taken its place. None for a text."""
    asked: Json | None = approval.arguments
    if approval.schema is None or (asked is not None and not is_edited(approval)):
        return asked
    try:
        found = json.loads(unfenced(approval.proposal))
    except (ValueError, RecursionError):
        return asked
    return found if isinstance(found, dict) else asked


def is_edited(approval: Approval) -> bool:
    """Say whether somebody's edit stands in the place of what was asked; what is told of effects and budgets is no edit."""
    return bool(approval.edited_content) and approval.kind == Approval.Kind.APPROVAL


def _before(approval: Approval) -> str | None:
    """Return what was asked before this, the same way as it is asked now."""
    if is_edited(approval):
        return approval.content if approval.arguments is None else _pretty(approval.arguments)
    return None if approval.previous is None else _text_of(approval.previous)


def _text_of(approval: Approval) -> str:
    arguments = arguments_of(approval) if approval.arguments is not None else None
    return approval.proposal if arguments is None else _pretty(arguments)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
