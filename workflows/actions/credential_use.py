"""Who lets a workflow use a credential: whoever writes, tries or publishes a step that names one, not whoever runs it later."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.runs import Target
from workflows.models import Workflow, WorkflowVersion
from workflows.portable.references import references_of

Json = dict[str, Any]
USE = "agents.use_credential"


def require_credentials(actor: User, definition: Json, *known: Json) -> None:
    """Raise PermissionDenied unless the actor may use credentials, or each step with one is as in a ``known`` definition."""
    named = _with_credentials(definition)
    before = [step for document in known for step in _with_credentials(document)] if named else []
    if any(step not in before for step in named):
        require_permission(actor, USE)


def known_definitions(workflow: Workflow, *, draft: bool = False) -> list[Json]:
    """Return what somebody who may has let the workflow be already: its published version, and the ``draft`` on request.

    Drafts are written together: who publishes or tries one answers for every step in it.
    """
    published = Q(pk=workflow.published_id)
    versions = WorkflowVersion.objects.filter(published | Q(number=0) if draft else published, workflow=workflow.pk)
    return list(versions.values_list("definition", flat=True))


def require_credentials_of(actor: User, target: Target) -> None:
    """Raise PermissionDenied where cases would be run on a draft with credentials that the actor may not use."""
    if target.workflow is not None and target.version is None:
        require_credentials(actor, target.definition, *known_definitions(target.workflow))


def _with_credentials(definition: Json) -> list[Json]:
    """Return the steps that name a credential, as far as it matters to what is sent where."""
    named = [node for node, found in references_of(definition) if found.kind == "credential"]
    return [{name: node.get(name) for name in ("id", "type", "config")} for node in named]
