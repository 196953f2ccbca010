"""Runs in the admin: the list with its filters, and the page on which one is watched, cancelled, resumed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import may, row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied
from workflows.admin import run_decisions, saved_views
from workflows.admin.run_bulk import CANCEL, RETRY, ask_or_do
from workflows.admin.run_list import FILTERS, RunList, RunPaginator, searched
from workflows.admin.run_watch import run_page
from workflows.models import Run

__all__ = ["RunAdmin", "run_decisions"]


@admin.register(Run, site=tenant_site)
class RunAdmin(ReadOnlyAdmin):
    """Every run of an agent, a crew or a workflow."""

    icon = "play_circle"
    empty_hint = "A run appears here as soon as somebody starts an agent, a crew or a workflow."
    list_display = ("title_and_id", "state", "reason", "started_by", "begun", "took", "tokens", "cost")
    list_display_links = ("title_and_id",)
    list_select_related = ("started_by",)
    list_filter = FILTERS
    list_before_template = "nexod/runs/views.html"
    actions = ("cancel_many", "resume_failed")
    # Each order has an index behind it; what has none cannot be chosen.
    sortable_by = ("begun", "cost")
    paginator = RunPaginator
    search_fields = ("title",)
    search_help_text = "Id, title or inputs"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what only the run's own page shows."""
        return super().get_queryset(request).defer("definition", "inputs", "outputs", "compensation")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RunList]:
        """Return the list whose orders have indexes."""
        return RunList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """Search the newest runs, or any by its id."""
        return (searched(queryset, search_term) if search_term.strip() else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """List, below the saved views."""
        return super().changelist_view(request, {**saved_views.offered(request), **(extra_context or {})})

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Say whether the person may cancel runs at all."""
        return may(request, "workflows.cancel_run")

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel_many(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse:
        """Cancel the chosen runs."""
        return ask_or_do(request, queryset, CANCEL)

    @admin.action(description="Resume where they failed", permissions=["view"])
    def resume_failed(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse:
        """Let the chosen runs go on where they failed; the action asks whether the person may."""
        return ask_or_do(request, queryset, RETRY)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the run as it happens."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return run_page(request, row_id(object_id), self.opts)

    @display(description="Run", ordering="title", header=True)
    def title_and_id(self, run: Run) -> list[str]:
        """Show the title over the end of the id."""
        return [run.title, f"{run.kind} · {str(run.pk)[-6:]}"]

    @display(description="State", ordering="status")
    def state(self, run: Run) -> str:
        """Show how far it is."""
        if not run.is_over and (run.cancel_requested or run.pause_requested) and run.status != Run.Status.WAITING:
            return states.chip("running", text="Being cancelled" if run.cancel_requested else "Being paused")
        waits = f"Waiting for {run.waiting_for}" if run.status == Run.Status.WAITING and run.waiting_for else ""
        return states.chip(run.status, text=waits)

    @display(description="Reason")
    def reason(self, run: Run) -> str:
        """Show what a failed run failed of, and where."""
        if run.status != Run.Status.FAILED or not run.error:
            return ""
        code, node = str(run.error.get("code", "")).replace("_", " "), str(run.error.get("node", ""))
        return f"{code} at {node}" if node else code

    @display(description="Started", ordering="created_at")
    def begun(self, run: Run) -> str:
        """Show when it began."""
        return formats.ago(run.created_at)

    @display(description="Worked", ordering="seconds")
    def took(self, run: Run) -> str:
        """Show how long it worked, waiting left out."""
        return formats.duration(run.seconds)

    @display(description="Tokens", ordering="tokens_out")
    def tokens(self, run: Run) -> str:
        """Show what it read and wrote."""
        return formats.count(run.tokens_in + run.tokens_out)

    @display(description="Cost", ordering="cost_usd")
    def cost(self, run: Run) -> str:
        """Show what it cost."""
        return formats.usd(run.cost_usd)
