"""The page on which a draft is published: who changed what, who is editing, what differs, what is wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import NexodError, NotFound, PermissionDenied
from workflows.actions.drafts.confirming import facts_of
from workflows.actions.gates import evaluate_and_publish
from workflows.actions.references import TenantReferences
from workflows.actions.workflows import locked, publish_workflow, settled_draft
from workflows.admin.comparing import compared
from workflows.admin.version_pages import about, page_of, workflow_for
from workflows.definitions import described, validate
from workflows.errors import CasesNotEvaluated
from workflows.models import Workflow, WorkflowVersion

MAX_NOTE = 500


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/publish/", "workflow_publish")
def publish(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Show what would be published, or publish exactly what was shown."""
    workflow = workflow_for(request, workflow_id)
    if not may(request, "workflows.change_workflow"):
        raise PermissionDenied("Your role does not publish workflows.")
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_published(request, workflow))
        except (NotFound, PermissionDenied):
            raise
        except NexodError as error:
            tell(request, error)
    return tenant_site.render(request, "nexod/workflows/publish.html", _page(request, workflow))


def _published(request: HttpRequest, workflow: Workflow) -> str:
    """Publish, or begin to run the cases that have to pass first; return where to go."""
    given: dict[str, Any] = {
        "actor": actor_of(request),
        "workflow": workflow,
        "note": request.POST.get("note", "").strip()[:MAX_NOTE],
        "only": request.POST.get("digest", ""),
        "confirm": bool(request.POST.get("confirm")),
    }
    try:
        version = publish_workflow(**given)
    except CasesNotEvaluated:
        begun = evaluate_and_publish(**given)
        messages.info(request, "The draft's cases are run now. It is published when they pass.")
        return reverse("admin:workflows_evaluation_change", args=(begun.pk,))
    messages.success(request, f"Version {version.number} is published; new runs use it.")
    tenant_site._registry[Workflow].log_change(request, workflow, f"Version {version.number} was published.")
    return page_of(workflow)


def _page(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    with transaction.atomic():
        draft = settled_draft(locked(workflow.pk))
    live: WorkflowVersion | None = workflow.published
    facts = facts_of(workflow)
    others = facts.others(actor_of(request))
    problems = validate(draft.definition, TenantReferences())
    return {
        "title": f"Publish {workflow}",
        "live": live,
        "facts": facts,
        "others": others,
        "must_confirm": bool(others.changed or others.editing),
        "problems": [(problem.node, described(problem)) for problem in problems],
        "comparison": compared(live.definition, draft.definition) if live else None,
        "is_same": bool(live and live.definition == draft.definition),
        "digest": digest_of(draft.definition),
        "note": request.POST.get("note") or request.GET.get("note") or "",
        "me": str(request.user.pk),
        **about(workflow),
    }
