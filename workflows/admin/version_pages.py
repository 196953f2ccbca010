"""The pages of a workflow's versions: one as it was, two side by side, back to an earlier one, out into a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, NotFound, PermissionDenied
from workflows.actions.versions import published_version, restore_version, rollback_workflow, version_named
from workflows.admin.comparing import compared
from workflows.admin.definition_text import as_text
from workflows.admin.graph import picture
from workflows.models import Workflow, WorkflowVersion
from workflows.portable.bundle import written
from workflows.portable.exporting import exported

FORMS = {"yaml": "application/yaml", "json": "application/json"}
MOST_OFFERED = 100
MAX_NOTE = 400


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/versions/<int:number>/", "workflow_version")
def version(request: HttpRequest, workflow_id: UUID, number: int) -> HttpResponse:
    """Show a published version, which never changes."""
    workflow = workflow_for(request, workflow_id)
    found = published_version(workflow, number)
    page = {
        "title": f"{workflow} · version {number}",
        "version": found,
        "is_live": workflow.published_id == found.pk,
        "text": as_text(found.definition),
        "graph": picture(found.definition),
        "may_change": may(request, "workflows.change_workflow"),
        **about(workflow),
    }
    return tenant_site.render(request, "nexod/workflows/version.html", page)


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/changes/", "workflow_changes")
def differences(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Show what differs between two versions, by node and field, and both drawings."""
    workflow = workflow_for(request, workflow_id)
    offered = _offered(workflow)
    live = str(workflow.published.number) if workflow.published else "draft"
    usual = {"from": live, "to": "draft" if ("draft", "Draft") in offered else live}
    chosen = [request.GET.get(name) or number for name, number in usual.items()]
    sides = [(name, version_named(workflow, name)) for name in chosen]
    (before_name, before), (after_name, after) = sides
    comparison = compared(before.definition, after.definition)
    page = {
        "title": f"{workflow} · what differs",
        "comparison": comparison,
        "offered": offered,
        "sides": [
            {"name": "from", "label": "Before", "chosen": before_name, "graph": _marked(before, comparison.marks)},
            {"name": "to", "label": "After", "chosen": after_name, "graph": _marked(after, comparison.marks)},
        ],
        **about(workflow),
    }
    return tenant_site.render(request, "nexod/workflows/changes.html", page)


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/versions/<int:number>/use/", "version_use")
def use_again(request: HttpRequest, workflow_id: UUID, number: int) -> HttpResponse:
    """Ask whether new runs shall use that version, and why; or let them."""
    workflow = workflow_for(request, workflow_id)
    found = published_version(workflow, number)
    if not may(request, "workflows.change_workflow"):
        raise PermissionDenied("Your role does not change workflows.")
    if request.method == "POST":
        note = request.POST.get("note", "").strip()[:MAX_NOTE]
        rollback_workflow(actor=actor_of(request), workflow=workflow, number=number, note=note)
        messages.success(request, f"New runs use version {number} again. The draft is as it was.")
        return HttpResponseRedirect(page_of(workflow))
    live = workflow.published
    page = {
        "title": f"Use version {number} again?",
        "version": found,
        "live": live,
        "comparison": compared(live.definition, found.definition) if live else None,
        **about(workflow),
    }
    return tenant_site.render(request, "nexod/workflows/use.html", page)


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/versions/<int:number>/restore/", "version_restore")
@require_POST
def restore(request: HttpRequest, workflow_id: UUID, number: int) -> HttpResponse:
    """Make that version the draft and go to it."""
    workflow = workflow_for(request, workflow_id)
    try:
        restore_version(actor=actor_of(request), workflow=workflow, number=number)
    except (NotFound, PermissionDenied):
        raise
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(reverse("admin:workflow_version", args=(workflow.pk, number)))
    tenant_site._registry[Workflow].log_change(request, workflow, f"Version {number} was made the draft.")
    messages.success(request, f"The draft is version {number} now. New runs use what is published.")
    return HttpResponseRedirect(page_of(workflow))


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/export/", "workflow_export")
@require_GET
def export(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Answer with a file: the version, the agents and crews that it uses, the names of what else it needs."""
    workflow = workflow_for(request, workflow_id)
    form = request.GET.get("form", "yaml")
    if form not in FORMS:
        raise NotFound(f"There is no form {form[:40]!r} of workflow files.")
    name = request.GET.get("version") or ("published" if workflow.published_id else "draft")
    text = written(exported(workflow, version_named(workflow, name)), form)
    answer = HttpResponse(text, content_type=f"{FORMS[form]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{workflow.slug}.{form}"'
    return answer


def workflow_for(request: HttpRequest, workflow_id: UUID) -> Workflow:
    """Return the workflow for somebody who may read its versions."""
    if not (may(request, "workflows.view_workflow") and may(request, "workflows.view_workflowversion")):
        raise PermissionDenied
    return get_object_or_404(Workflow.objects.select_related("published__author"), pk=workflow_id)


def about(workflow: Workflow) -> dict[str, Any]:
    """Return what each page of a workflow says of it."""
    return {"opts": workflow._meta, "original": workflow}


def page_of(workflow: Workflow) -> str:
    """Return where the workflow is edited."""
    return reverse("admin:workflows_workflow_change", args=(workflow.pk,))


def _marked(version: WorkflowVersion, marks: dict[str, str]) -> str:
    return picture(version.definition, marks=marks)


def _offered(workflow: Workflow) -> list[tuple[str, str]]:
    """Return the versions that can be compared, the draft first."""
    rows = workflow.versions.order_by("-number").values_list("number", "pk")
    found = [(str(number), f"Version {number}{' (live)' if pk == workflow.published_id else ''}")
             for number, pk in rows if number]  # fmt: skip
    draft = [("draft", "Draft")] if any(number == 0 for number, _ in rows) else []
    return [*draft, *found[:MOST_OFFERED]]
