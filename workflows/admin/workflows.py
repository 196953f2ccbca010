"""Workflows in the admin: the definition is edited as JSON, checked while it is written, drawn, published."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.records import RefusableForm, SluggedAdmin
from nexod.kernel.errors import PermissionDenied
from workflows.actions.references import TenantReferences
from workflows.actions.workflows import create_workflow, delete_workflow, publish_workflow, update_workflow
from workflows.admin.graph import picture
from workflows.definitions import DefinitionInvalid, described, validate
from workflows.definitions.reading import read
from workflows.definitions.shape import shaped
from workflows.models import Run, Workflow, WorkflowVersion

PUBLISH = "_publish"
FIRST: dict[str, Any] = {
    "format": "nexod.workflow/1",
    "name": "My workflow",
    "inputs": {
        "type": "object",
        "required": ["question"],
        "properties": {"question": {"type": "string", "title": "Question", "maxLength": 2000}},
    },
    "start": "answer",
    "nodes": [
        {"id": "answer", "type": "llm", "title": "Answer", "config": {"prompt": "{{ inputs.question }}"}},
        {
            "id": "result",
            "type": "output",
            "title": "Result",
            "config": {"outputs": {"answer": {"template": "{{ nodes.answer.text }}"}}},
        },
    ],
    "edges": [{"from": "answer", "to": "result"}],
}


class WorkflowForm(RefusableForm):
    """A workflow with its draft as text."""

    definition = forms.CharField(
        label="Definition",
        strip=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 28, "spellcheck": "false", "data-definition": "", "class": "nx-code"}
        ),
    )

    class Meta:
        model = Workflow
        fields = ("name", "slug", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "definition" in self.fields and not self.is_bound:
            self.initial["definition"] = as_text(draft_of(self.instance) or FIRST)

    def _post_clean(self) -> None:
        """Show every problem of a refused definition at its field."""
        if not isinstance(self.refusal, DefinitionInvalid):
            super()._post_clean()
            return
        forms.ModelForm._post_clean(self)  # type: ignore[attr-defined]
        for problem in self.refusal.problems:
            self.add_error("definition", described(problem))


def as_text(document: dict[str, Any]) -> str:
    """Return the document as it is edited, its parts in the order of the format: the database does not keep any."""
    definition, _ = shaped(document)
    ordered = definition.model_dump(mode="json", by_alias=True, exclude_unset=True) if definition else document
    return json.dumps(ordered, indent=2, ensure_ascii=False)


def draft_of(workflow: Workflow) -> dict[str, Any] | None:
    """Return the workflow's draft, or its published definition where no draft is left."""
    if workflow._state.adding:
        return None
    version = workflow.versions.order_by("number").first()
    return version.definition if version else None


@admin.register(Workflow, site=tenant_site)
class WorkflowAdmin(SluggedAdmin):
    """What runs execute."""

    icon = "account_tree"
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
            "graph": picture(draft or {}),
            "unpublished": bool(workflow and (not workflow.published or workflow.published.definition != draft)),
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Begin with a small workflow that works."""
        return super().add_view(request, form_url, {"graph": picture(FIRST), **(extra_context or {})})

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
        if original:
            workflow = update_workflow(actor=actor, workflow=original, **values)
        else:
            workflow = create_workflow(actor=actor, slug=given.get("slug", ""), **values)
        if PUBLISH in request.POST:
            version = publish_workflow(actor=actor, workflow=workflow, note=request.POST.get("note", "")[:500])
            messages.success(request, f"Version {version.number} is published; new runs use it.")
        return workflow

    def response_change(self, request: HttpRequest, obj: Workflow) -> HttpResponse:
        """Stay on the page after publishing."""
        if PUBLISH in request.POST:
            return HttpResponseRedirect(request.path)
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
    return JsonResponse({"problems": shown, "graph": picture(document) if isinstance(document, dict) else ""})


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/versions/<int:number>/", "workflow_version")
def version(request: HttpRequest, workflow_id: UUID, number: int) -> HttpResponse:
    """Show a published version, which never changes."""
    if not may(request, "workflows.view_workflowversion"):
        raise PermissionDenied
    rows = WorkflowVersion.objects.select_related("workflow", "author")
    found = get_object_or_404(rows, workflow_id=workflow_id, number=number)
    page = {
        "title": str(found),
        "version": found,
        "text": as_text(found.definition),
        "graph": picture(found.definition),
        "opts": found.workflow._meta,
        "original": found.workflow,
    }
    return tenant_site.render(request, "nexod/workflows/version.html", page)
