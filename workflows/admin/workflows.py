"""Workflows in the admin: the definition is edited as JSON, checked while it is written, drawn, published."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.decorators import display

from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import SluggedAdmin
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import PermissionDenied
from workflows.actions.gates import evaluate_and_publish, set_gate
from workflows.actions.references import TenantReferences
from workflows.actions.workflows import create_workflow, delete_workflow, publish_workflow, update_workflow
from workflows.admin.definition_text import as_text
from workflows.admin.graph import picture
from workflows.admin.workflow_form import BASE, FIRST, TOGETHER, WorkflowForm, draft_of
from workflows.definitions import described, validate
from workflows.definitions.reading import read
from workflows.errors import CasesNotEvaluated, PublishUnconfirmed
from workflows.models import Run, Workflow, WorkflowVersion

PUBLISH, BEGUN, ASKED = "_publish", "_nexod_begun", "_nexod_asked"


@admin.register(Workflow, site=tenant_site)
class WorkflowAdmin(SluggedAdmin):
    """What runs execute."""

    icon = "account_tree"
    takes_along = frozenset({"firing"})
    compressed_fields = False
    empty_hint = "Install a starter to begin with a workflow that works, then change it."
    form = WorkflowForm
    change_form_template = "nexod/workflows/editor.html"
    change_list_template = "nexod/workflows/list.html"
    list_display = ("title", "state", "runs_shown", "last_run", "run_link")
    list_display_links = ("title",)
    list_select_related = ("published",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    fieldsets = ((None, {"fields": ("name", "slug", "description")}), ("Definition", {"fields": ("definition",)}))
    gate_fields = ("Publishing", {"fields": ("gate", "gate_score", "gate_replay")})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the cases that must pass where the workflow has any."""
        if obj is not None and not self.has_change_permission(request, obj):
            return self.fieldsets[:1]  # the page shows the definition itself
        return (*self.fieldsets, self.gate_fields) if obj is not None and obj.data_sets.exists() else self.fieldsets

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the runs along, and say how the newest went."""
        newest = Run.objects.filter(workflow=OuterRef("pk")).order_by("-created_at").values("status")[:1]
        rows = super().get_queryset(request).defer("published__definition")
        counted: QuerySet[Any] = rows.annotate(runs_count=Count("runs"), newest=Subquery(newest))
        return counted

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the drawing and the versions beside the definition."""
        versions = WorkflowVersion.objects.filter(workflow_id=row_id(object_id)).select_related("author")
        workflow = Workflow.objects.filter(pk=row_id(object_id)).select_related("published").first()
        draft = draft_of(workflow) if workflow else None
        shown = {
            "versions": [version for version in versions.defer("definition") if version.number],
            "graph": picture(draft or {}, edited=True),
            "draft_text": as_text(draft or {}),
            "base": request.POST.get(BASE) or digest_of(draft or {}),
            "may_try": may(request, "workflows.run_workflow") and may(request, "workflows.change_workflow"),
            "has_draft": bool(workflow and workflow.versions.filter(number=0).exists()),
            "unpublished": bool(workflow and (not workflow.published or workflow.published.definition != draft)),
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Begin with a small workflow that works."""
        return super().add_view(request, form_url, {"graph": picture(FIRST, edited=True), **(extra_context or {})})

    @display(description="Workflow", ordering="name", header=True)
    def title(self, workflow: Workflow) -> list[str]:
        """Show the name over the slug."""
        return [workflow.name, workflow.slug]

    @display(description="State", ordering="published")
    def state(self, workflow: Workflow) -> str:
        """Show which version runs use."""
        version = workflow.published
        return (
            states.chip("published", text=f"Version {version.number}")
            if version
            else states.chip("draft", text="Draft only")
        )

    @display(description="Runs", ordering="runs_count")
    def runs_shown(self, workflow: Any) -> str:
        """Link to its runs."""
        address = reverse("admin:workflows_run_changelist")
        return format_html(
            '<a class="nx-link" href="{}?workflow__id__exact={}">{}</a>', address, workflow.pk, workflow.runs_count
        )

    @display(description="Last run")
    def last_run(self, workflow: Any) -> str:
        """Show how the newest run went."""
        return states.chip(workflow.newest) if workflow.newest else "—"

    @display(description="")
    def run_link(self, workflow: Workflow) -> str:
        """Offer to run it."""
        if not workflow.published_id:
            return "—"
        address = reverse("admin:start_run", args=("workflow", workflow.slug))
        return format_html('<a class="nx-button nx-small" href="{}" aria-label="Run {}">Run</a>', address, workflow)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Workflow:
        """Store by the actions, and publish where that was asked for."""
        given, actor = form.cleaned_data, actor_of(request)
        values = {"name": given["name"], "description": given["description"], "definition": given["definition"]}
        workflow: Workflow
        if original and request.POST.get(TOGETHER):
            workflow = original
        elif original:
            workflow = update_workflow(actor=actor, workflow=original, base=request.POST.get(BASE) or None, **values)
        else:
            workflow = create_workflow(actor=actor, slug=given.get("slug", ""), **values)
        if original and "gate" in given:
            gate = {"data_set": given["gate"], "min_score": given["gate_score"]}
            set_gate(actor=actor, workflow=original, **gate, replay=given["gate_replay"] or Run.Replay.FRESH)
        if PUBLISH in request.POST:
            _publish(request, workflow)
        return workflow

    def response_change(self, request: HttpRequest, obj: Workflow) -> HttpResponse:
        """Stay on the page after publishing; where cases are run first, go to them, and to what has to be looked at."""
        if getattr(request, ASKED, False):
            note = urlencode({"note": request.POST.get("note", "")[:500]})
            return HttpResponseRedirect(f"{reverse('admin:workflow_publish', args=(obj.pk,))}?{note}")
        if PUBLISH in request.POST:
            begun = getattr(request, BEGUN, None)
            page = reverse("admin:workflows_evaluation_change", args=(begun.pk,)) if begun else request.path
            return HttpResponseRedirect(page)
        return super().response_change(request, obj)  # type: ignore[no-any-return]

    def response_add(self, request: HttpRequest, obj: Workflow, post_url_continue: str | None = None) -> HttpResponse:
        """Stay on the page after publishing."""
        if PUBLISH in request.POST:
            return HttpResponseRedirect(reverse("admin:workflows_workflow_change", args=(obj.pk,)))
        return super().response_add(request, obj, post_url_continue)  # type: ignore[no-any-return]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Leave out that a workflow is protected by its own published version: the action lets go of that first."""
        shown, counts, permissions, _ = super().get_deleted_objects(objs, request)
        return shown, counts, permissions, []

    def remove(self, request: HttpRequest, obj: Workflow) -> None:
        """Delete by the action."""
        delete_workflow(actor=actor_of(request), workflow=obj)


def _publish(request: HttpRequest, workflow: Workflow) -> None:
    """Publish the draft, or begin to run the cases that it has to pass first."""
    actor, note = actor_of(request), request.POST.get("note", "")[:500]
    try:
        version = publish_workflow(actor=actor, workflow=workflow, note=note)
    except PublishUnconfirmed as error:
        setattr(request, ASKED, True)
        messages.warning(request, f"The draft is saved and not published. {error.message}")
    except CasesNotEvaluated:
        setattr(request, BEGUN, evaluate_and_publish(actor=actor, workflow=workflow, note=note))
        messages.info(request, "The draft's cases are run now. It is published when they pass.")
    else:
        messages.success(request, f"Version {version.number} is published; new runs use it.")


@tenant_site.page("workflows/check/", "workflow_check")
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Answer with the problems and the drawing of a definition that is being written; nothing is stored."""
    if not may(request, "workflows.view_workflow"):
        raise PermissionDenied
    text = request.POST.get("definition", "")
    document, _ = read(text)
    problems = validate(text, TenantReferences())
    shown = [{"text": described(problem), "node": problem.node, "field": problem.field} for problem in problems]
    graph = picture(document, edited=True) if isinstance(document, dict) else ""
    return JsonResponse({"problems": shown, "graph": graph})
