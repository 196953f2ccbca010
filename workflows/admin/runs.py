"""Runs in the admin: the list with its filters, and the page on which one is watched, cancelled, resumed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.pauses import pause_run
from workflows.actions.runs import cancel_run, resume_run
from workflows.admin.retrying import reasons, retry_many
from workflows.admin.run_page import rendered_parts, run_context
from workflows.models import Run

# A run's events are numbered by 32 bits.
SEQ_DIGITS = 9


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


@admin.register(Run, site=tenant_site)
class RunAdmin(ReadOnlyAdmin):
    """Every run of an agent, a crew or a workflow."""

    icon = "play_circle"
    empty_hint = "A run appears here as soon as somebody starts an agent, a crew or a workflow."
    list_display = ("title_and_id", "state", "reason", "started_by", "begun", "took", "tokens", "cost")
    list_display_links = ("title_and_id",)
    list_select_related = ("started_by",)
    list_filter = ("status", ReasonFilter, "kind", "workflow", "started_by")
    actions = ("resume_failed",)
    search_fields = ("title", "id", "workflow__name")
    search_help_text = "Title or id"
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what only the run's own page shows."""
        return super().get_queryset(request).defer("definition", "inputs", "outputs", "compensation")

    @admin.action(description="Resume where they failed", permissions=["view"])
    def resume_failed(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Let the chosen runs go on where they failed; the action asks whether the person may."""
        retry_many(request, queryset)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the run as it happens."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = run_context(request, row_id(object_id), every="all" in request.GET)
        run = context["run"]
        page = {**context, "title": run.title, "original": run, "opts": self.opts, "is_fullwidth": "1"}
        return tenant_site.render(request, "nexod/runs/page.html", page)

    @display(description="Run", ordering="title", header=True)
    def title_and_id(self, run: Run) -> list[str]:
        """Show the title over the end of the id."""
        return [run.title, f"{run.kind} · {str(run.pk)[-6:]}"]

    @display(description="State", ordering="status")
    def state(self, run: Run) -> str:
        """Show how far it is."""
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


@tenant_site.page("workflows/run/<uuid:run_id>/live/", "run_live")
@require_GET
def live(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the page's parts as they are now, and the lines of the timeline beyond ``after``."""
    if not may(request, "workflows.view_run"):
        raise PermissionDenied
    after = request.GET.get("after", "0")[:SEQ_DIGITS]
    context = run_context(request, run_id, after=int(after) if after.isdecimal() else 0)
    lines = render_to_string("nexod/runs/lines.html", context, request)
    run = context["run"]
    body = {"parts": rendered_parts(request, context), "lines": lines, "seq": context["last_seq"], "over": run.is_over}
    return JsonResponse({**body, "status": run.status, "title": f"{states.word(run.status)} · {run.title}"})


@tenant_site.page("workflows/run/<uuid:run_id>/cancel/", "run_cancel")
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask the run to stop."""
    return _act(request, run_id, cancel_run, "Cancelled.", "The run is being cancelled.")


@tenant_site.page("workflows/run/<uuid:run_id>/pause/", "run_pause")
@require_POST
def pause(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask the run to stop before its next step."""
    return _act(request, run_id, pause_run, "Paused.", "The run stops before its next step and waits for you.")


@tenant_site.page("workflows/run/<uuid:run_id>/resume/", "run_resume")
@require_POST
def resume(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Let the run go on where it stopped."""
    return _act(
        request, run_id, resume_run, "Resumed.", "The run goes on where it stopped; what was done is not done again."
    )


def _act(request: HttpRequest, run_id: UUID, action: Any, log: str, said: str) -> HttpResponse:
    run = get_object_or_404(Run, pk=run_id)
    try:
        action(actor=actor_of(request), run=run)
    except NexodError as error:
        tell(request, error)
    else:
        tenant_site._registry[Run].log_change(request, run, log)
        messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:workflows_run_change", args=(run_id,)))
