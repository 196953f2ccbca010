"""The history of a draft: who changed what, states of it that are kept, and the way back to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import InvalidInput, NexodError, NotFound, PermissionDenied
from workflows.actions.drafts.states import StatesFull, forget_state, name_state, restore_state
from workflows.actions.versions import version_named
from workflows.admin.comparing import compared
from workflows.admin.definition_text import as_text
from workflows.admin.diffs import difference
from workflows.admin.graph import picture
from workflows.admin.version_pages import about, page_of, workflow_for
from workflows.drafts.sentences import sentences
from workflows.models import DraftEdit, DraftSnapshot, Workflow

BY_PAGE, STATES_SHOWN, FIELDS_SHOWN = 30, 30, 40
CHANGE = "workflows.change_workflow"


@dataclass(frozen=True, slots=True)
class EditShown:
    """One person's piece of work, in words and field by field."""

    edit: DraftEdit
    sentences: list[str]
    fields: list[dict[str, Any]]


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/history/", "workflow_history")
def history(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Show who changed what, newest first, beside the states that are kept."""
    workflow = workflow_for(request, workflow_id)
    version_named(workflow, "draft")  # with what its editors wrote a moment ago
    rows = DraftEdit.objects.filter(workflow=workflow).select_related("author")
    page = Paginator(rows, BY_PAGE).get_page(request.GET.get("page"))
    states = DraftSnapshot.objects.filter(workflow=workflow).select_related("author").defer("definition")
    shown = {
        "title": f"{workflow} · history of the draft",
        "edits": [_shown(edit) for edit in page],
        "page": page,
        "states": states[:STATES_SHOWN],
        "may_change": may(request, CHANGE),
        **about(workflow),
    }
    return tenant_site.render(request, "nexod/workflows/history.html", shown)


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/states/<uuid:state_id>/", "draft_state")
def state(request: HttpRequest, workflow_id: UUID, state_id: UUID) -> HttpResponse:
    """Show a state that was kept, and what differs from it now."""
    workflow = workflow_for(request, workflow_id)
    found = _state(workflow, state_id)
    draft = version_named(workflow, "draft")
    shown = {
        "title": f"{workflow} · {found}",
        "state": found,
        "comparison": compared(draft.definition, found.definition),
        "text": as_text(found.definition),
        "graph": picture(found.definition),
        "may_change": may(request, CHANGE),
        **about(workflow),
    }
    return tenant_site.render(request, "nexod/workflows/state.html", shown)


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/states/", "draft_state_name")
@require_POST
def name(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Keep the draft as it is now under a name."""
    workflow = workflow_for(request, workflow_id)
    try:
        found = name_state(actor=actor_of(request), workflow=workflow, name=request.POST.get("name", ""))
    except (InvalidInput, ValidationError):
        messages.error(request, "Give the state a name of at most 120 characters.")
    except StatesFull as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The draft as it is now is kept as “{found}”.")
    return HttpResponseRedirect(_history_of(workflow))


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/states/<uuid:state_id>/restore/", "draft_state_restore")
@require_POST
def restore(request: HttpRequest, workflow_id: UUID, state_id: UUID) -> HttpResponse:
    """Make a state the draft and go to it."""
    workflow = workflow_for(request, workflow_id)
    try:
        restore_state(actor=actor_of(request), workflow=workflow, snapshot=_state(workflow, state_id))
    except (NotFound, PermissionDenied):
        raise
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(_history_of(workflow))
    tenant_site._registry[Workflow].log_change(request, workflow, "A former state was made the draft.")
    messages.success(request, "The draft is what it was then. The state before is kept in its history.")
    return HttpResponseRedirect(page_of(workflow))


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/states/<uuid:state_id>/forget/", "draft_state_forget")
@require_POST
def forget(request: HttpRequest, workflow_id: UUID, state_id: UUID) -> HttpResponse:
    """Keep a state no longer."""
    workflow = workflow_for(request, workflow_id)
    forget_state(actor=actor_of(request), workflow=workflow, snapshot=_state(workflow, state_id))
    messages.success(request, "The state is not kept any more.")
    return HttpResponseRedirect(_history_of(workflow))


def _state(workflow: Workflow, state_id: UUID) -> DraftSnapshot:
    return get_object_or_404(DraftSnapshot.objects.select_related("author"), pk=state_id, workflow=workflow)


def _history_of(workflow: Workflow) -> str:
    return reverse("admin:workflow_history", args=(workflow.pk,))


def _shown(edit: DraftEdit) -> EditShown:
    return EditShown(edit, sentences(edit.changes), [_field(change) for change in edit.changes[:FIELDS_SHOWN]])


def _field(change: dict[str, Any]) -> dict[str, Any]:
    added, removed = change["sort"] == "added", change["sort"] == "removed"
    lines = difference("" if added else change["before"], "" if removed else change["after"])
    return {
        "name": " · ".join(filter(None, (change["title"], change["field"] or "the whole step"))),
        "before": None if added else [line for line in lines if line[0] != "new"],
        "after": None if removed else [line for line in lines if line[0] != "gone"],
    }
