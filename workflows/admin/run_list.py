"""How the list of runs is narrowed down, ordered, searched and counted: each way bounded, however many runs there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import CharField, F, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils import timezone
from unfold.views import ChangeList

from agents.models import Agent, Crew
from nexod.admin.actors import actor_of, may
from tenants.accounts.models import User
from workflows.admin.retrying import reasons
from workflows.models import Firing, Run, Trigger, Workflow

CHOICES = 100
COUNTED = 10_000
SEARCHED = 5_000
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


class RunList(ChangeList):
    """A list whose last key goes the way of its first, so that an index gives the rows in their order."""

    def _get_deterministic_ordering(self, ordering: Any) -> Any:
        found = super()._get_deterministic_ordering(ordering)
        ascends = bool(found) and isinstance(found[0], str) and not found[0].startswith("-")
        return ["pk" if key == "-pk" and ascends else key for key in found]


class RunPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than anybody leafs through."""

    @property
    def count(self) -> int:
        """Return the number of rows, at most COUNTED."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


class ReasonFilter(admin.SimpleListFilter):
    """Failed runs by what they failed of."""

    title, parameter_name = "reason", "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the reasons that there are."""
        return reasons()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the runs that failed of the chosen one."""
        code = self.value()
        return queryset.failed_because(code) if code else queryset


class BegunFilter(admin.SimpleListFilter):
    """Runs by when they were started."""

    title, parameter_name = "time", "begun"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the spans up to now."""
        return [("hour", "The last hour"), ("day", "24 hours"), ("week", "7 days"), ("month", "30 days")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the runs that were started since."""
        span = SPANS.get(self.value() or "")
        return queryset.filter(created_at__gte=timezone.now() - span) if span else queryset


class CostFilter(admin.SimpleListFilter):
    """Runs by what they cost at least."""

    title, parameter_name = "cost", "cost"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a few sums."""
        return [("0.01", "$0.01 or more"), ("0.1", "$0.10 or more"), ("1", "$1 or more"), ("10", "$10 or more")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the runs that cost as much."""
        known = dict(self.lookups(request, None))
        return queryset.filter(cost_usd__gte=self.value()) if self.value() in known else queryset


class _OfFilter(admin.SimpleListFilter):
    """Runs of one row of another table. The first CHOICES by name are offered, and the chosen one."""

    model: type[Model]
    field: str
    called: tuple[str, ...] = ("name",)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return what may be chosen, in one statement."""
        rows = self.model._default_manager.order_by(*self.called).values_list("pk", *self.called)
        found = [(str(pk), next(filter(None, names), str(pk))) for pk, *names in rows[:CHOICES]]
        chosen = _uuid(self.value())
        if chosen and str(chosen) not in dict(found):
            found += [(str(pk), next(filter(None, names), str(pk))) for pk, *names in rows.filter(pk=chosen)]
        return found

    def has_output(self) -> bool:
        """Narrow down even where nothing is offered: a chosen row may be gone."""
        return super().has_output() or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the runs of the chosen one; of what is none there are none."""
        if self.value() is None:
            return queryset
        return self.narrowed(queryset, _uuid(self.value()))

    def narrowed(self, queryset: Any, chosen: UUID | None) -> Any:
        """Return the runs of that row."""
        return queryset.filter(**{f"{self.field}_id": chosen}) if chosen else queryset.none()


class WorkflowFilter(_OfFilter):
    """Runs of one workflow."""

    title, parameter_name = "workflow", "workflow__id__exact"
    model, field = Workflow, "workflow"


class AgentFilter(_OfFilter):
    """Runs of one agent."""

    title, parameter_name = "agent", "agent__id__exact"
    model, field = Agent, "agent"


class CrewFilter(_OfFilter):
    """Runs of one crew."""

    title, parameter_name = "crew", "crew__id__exact"
    model, field = Crew, "crew"


class StarterFilter(_OfFilter):
    """Runs that one person started."""

    title, parameter_name = "starter", "started_by__id__exact"
    model, field, called = User, "started_by", ("full_name", "email")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Name the others only to who may see people."""
        if may(request, "accounts.view_user"):
            return super().lookups(request, model_admin)
        return [(str(actor_of(request).pk), "Me")]


class TriggerFilter(_OfFilter):
    """Runs that one trigger started."""

    title, parameter_name = "trigger", "trigger"
    model, field = Trigger, "firings__trigger"

    def narrowed(self, queryset: Any, chosen: UUID | None) -> Any:
        """Return the runs that came of its firings."""
        fired = Firing.objects.filter(trigger=chosen, run__isnull=False).order_by().values("run")
        return queryset.filter(pk__in=fired) if chosen else queryset.none()


FILTERS = (
    "status", "waiting_for", ReasonFilter, BegunFilter, WorkflowFilter, AgentFilter, CrewFilter, StarterFilter,
    TriggerFilter, "kind", CostFilter,
)  # fmt: skip


def searched(runs: QuerySet[Run], term: str) -> QuerySet[Run]:
    """Return the run of that id, or those of the newest SEARCHED whose title, end of the id or inputs have the words in them."""
    term = term.strip()
    if whole := _uuid(term):
        return runs.filter(pk=whole)
    newest = runs.order_by("-created_at", "-id").values("pk")[:SEARCHED]
    found = runs.filter(pk__in=newest).alias(
        id_text=Cast("id", CharField()), inputs_text=Cast(F("inputs"), TextField())
    )
    for word in term.split()[:8]:
        found = found.filter(
            Q(title__icontains=word) | Q(id_text__endswith=word.lower()) | Q(inputs_text__icontains=word)
        )
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
