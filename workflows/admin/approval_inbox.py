"""The inbox: which approvals are listed, in which order, and how many there are of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from tenants.accounts.models import User
from tenants.accounts.roles import ROLES
from workflows.approvals.people import decidable_by
from workflows.models import Approval, Workflow

VIEWS = {"mine": "For me", "claimed": "Claimed by me", "all": "All waiting", "decided": "Decided"}
KINDS = {
    "node": "Steps", "tool": "Tools", "task": "Crew tasks", "effect": "Unknown outcomes", "budget": "Budgets",
}  # fmt: skip
DUES = {"overdue": "Overdue", "today": "Within a day", "week": "Within a week", "none": "Without a due time"}
SORTS = {"due": "Due first", "oldest": "Waiting longest", "newest": "Newest first"}
PER_PAGE = 50
HEAVY = (
    "content", "edited_content", "instructions", "arguments", "schema",
    *(f"run__{name}" for name in ("definition", "inputs", "outputs", "error")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see; whatever the address says that does not exist is as if it were not said."""

    view: str = "mine"
    workflow: str = ""
    kind: str = ""
    due: str = ""
    role: str = ""
    sort: str = ""
    words: str = ""
    page: str = "1"

    @classmethod
    def of(cls, given: QueryDict) -> Wish:
        """Read an address."""
        return cls(
            view=_known(given, "view", VIEWS) or "mine",
            kind=_known(given, "kind", KINDS),
            due=_known(given, "due", DUES),
            role=_known(given, "role", ROLES),
            sort=_known(given, "sort", SORTS),
            workflow=_uuid(given.get("workflow", "")),
            words=given.get("q", "").strip()[:100],
            page=given.get("page", "1"),
        )

    @property
    def is_filtered(self) -> bool:
        """Say whether anything is left out but by the view."""
        return bool(self.workflow or self.kind or self.due or self.role or self.words)

    def address(self, **other: str) -> str:
        """Return the query of the same wish with something changed, on its first page."""
        now = {
            "view": self.view, "workflow": self.workflow, "kind": self.kind, "due": self.due, "role": self.role,
            "sort": self.sort, "q": self.words, **other,
        }  # fmt: skip
        return "?" + urlencode({name: value for name, value in now.items() if value})


def listed(actor: User, wish: Wish) -> Page[Approval]:
    """Return one page of what is wished, each row without what only its own page shows."""
    rows = _of_view(actor, wish.view).filter(_within(wish)).order_by(*_order(wish))
    rows = rows.select_related("run", "run__workflow", "decided_by", "claimed_by", "assigned_to").prefetch_related(
        "votes"
    )
    rows = rows.defer(*HEAVY)
    return Paginator(rows, PER_PAGE).get_page(wish.page)


def counts(actor: User) -> dict[str, int]:
    """Return how many wait in each view, whatever is filtered."""
    return {
        "mine": decidable_by(actor).count(),
        "claimed": _of_view(actor, "claimed").count(),
        "all": Approval.objects.pending().count(),
    }


def workflows_asked() -> QuerySet[Workflow]:
    """Return the workflows whose runs have asked anything."""
    return Workflow.objects.filter(runs__approvals__isnull=False).only("name").order_by("name").distinct()


def due_tone(approval: Approval, now: datetime | None = None) -> str:
    """Return how urgent it is: ``bad`` when overdue, ``attention`` within a day, else ``quiet``; nothing without a due time."""
    if approval.due_at is None or approval.status != Approval.Status.PENDING:
        return ""
    left = approval.due_at - (now or timezone.now())
    return "bad" if left <= timedelta() else "attention" if left < timedelta(days=1) else "quiet"


def _of_view(actor: User, view: str) -> QuerySet[Approval]:
    if view == "decided":
        return Approval.objects.exclude(status=Approval.Status.PENDING)
    if view == "claimed":
        return Approval.objects.pending().filter(claimed_by=actor)
    return Approval.objects.pending() if view == "all" else decidable_by(actor)


def _within(wish: Wish) -> Q:
    found = Q(run__workflow=wish.workflow) if wish.workflow else Q()
    if wish.words:
        found &= Q(title__icontains=wish.words) | Q(run__title__icontains=wish.words)
    if wish.role:
        found &= Q(roles__contains=[wish.role])
    return found & _of_kind(wish.kind) & _of_due(wish.due)


def _of_kind(kind: str) -> Q:
    if kind in (Approval.Kind.EFFECT, Approval.Kind.BUDGET):
        return Q(kind=kind)
    asked = {"node": Q(subject="node"), "task": Q(subject="task"), "tool": Q(subject__startswith="tool:")}
    return Q(kind=Approval.Kind.APPROVAL) & asked[kind] if kind else Q()


def _of_due(due: str) -> Q:
    now = timezone.now()
    if due == "overdue":
        return Q(due_at__lte=now)
    if due in ("today", "week"):
        return Q(due_at__lte=now + timedelta(days=1 if due == "today" else 7))
    return Q(due_at=None) if due else Q()


def _order(wish: Wish) -> tuple[Any, ...]:
    if wish.view == "decided":
        return ("created_at", "id") if wish.sort == "oldest" else (F("decided_at").desc(nulls_last=True), "-id")
    if wish.sort in ("oldest", "newest"):
        return ("created_at", "id") if wish.sort == "oldest" else ("-created_at", "-id")
    return (F("due_at").asc(nulls_last=True), "created_at", "id")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _known(given: QueryDict, name: str, values: Iterable[str]) -> str:
    found = given.get(name, "")
    return found if found in values else ""
