"""Create, change, publish and delete workflows. A definition is validated whenever it is saved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.actions.rows import free_slug, saved
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.references import TenantReferences
from workflows.definitions import validated
from workflows.errors import TargetGone
from workflows.models import Workflow, WorkflowVersion

Json = dict[str, Any]
DRAFT = 0
CHANGE = "workflows.change_workflow"


@transaction.atomic
def create_workflow(
    *, actor: User, name: str, definition: object, slug: str = "", description: str = "", starter: str = ""
) -> Workflow:
    """Return a new workflow whose draft is ``definition`` (parsed JSON, or its text).

    Raises PermissionDenied, ValidationError for name or slug, DefinitionInvalid with node and field of every problem.
    """
    require_permission(actor, "workflows.add_workflow")
    document = _document(definition)
    fields = {"name": name, "slug": slug or free_slug(Workflow, name), "description": description, "starter": starter}
    workflow = saved(Workflow(), fields)
    WorkflowVersion.objects.create(workflow=workflow, number=DRAFT, definition=document, author=actor)
    return workflow


@transaction.atomic
def update_workflow(
    *,
    actor: User,
    workflow: Workflow,
    name: str | None = None,
    description: str | None = None,
    definition: object = None,
) -> Workflow:
    """Change what is given; a ``definition`` becomes the draft. Raises what ``create_workflow`` raises."""
    require_permission(actor, CHANGE)
    found = _locked(workflow.pk)
    given = {"name": name, "description": description}
    fields = {field: value for field, value in given.items() if value is not None}
    if fields:
        saved(found, fields)
    if definition is not None:
        save_draft(actor=actor, workflow=found, definition=definition)
    return found


@transaction.atomic
def save_draft(*, actor: User, workflow: Workflow, definition: object) -> WorkflowVersion:
    """Make ``definition`` the workflow's draft and return it; runs go on using the published version."""
    require_permission(actor, CHANGE)
    document = _document(definition)
    found = _locked(workflow.pk)
    draft, _ = WorkflowVersion.objects.update_or_create(
        workflow=found, number=DRAFT, defaults={"definition": document, "author": actor}
    )
    return draft


@transaction.atomic
def publish_workflow(*, actor: User, workflow: Workflow, note: str = "") -> WorkflowVersion:
    """Make the draft the version that new runs use, and return that version; it never changes again.

    The draft is validated again: what it names may be gone by now. Raises PermissionDenied, DefinitionInvalid.
    """
    require_permission(actor, CHANGE)
    found = _locked(workflow.pk)
    draft = found.versions.filter(number=DRAFT).first()
    if draft is None:
        raise TargetGone(f"The workflow {found.name!r} has no draft.")
    document = _document(draft.definition)
    newest: int = found.versions.aggregate(newest=Max("number"))["newest"]
    version = saved(
        WorkflowVersion(workflow=found, number=newest + 1, definition=document, author=actor),
        {"note": note, "published_at": timezone.now()},
    )
    Workflow.objects.filter(pk=found.pk).update(published=version, updated_at=timezone.now())
    workflow.published = version
    return version


@transaction.atomic
def delete_workflow(*, actor: User, workflow: Workflow) -> None:
    """Delete the workflow with its versions. Runs stay, and those at work go on: each has its own copy of the definition."""
    require_permission(actor, "workflows.delete_workflow")
    found = _locked(workflow.pk)
    Workflow.objects.filter(pk=found.pk).update(published=None)
    found.delete()


def _document(definition: object) -> Json:
    """Return the validated definition as it is stored; raise DefinitionInvalid."""
    return validated(definition, TenantReferences()).model_dump(mode="json", by_alias=True, exclude_unset=True)


def _locked(pk: UUID) -> Workflow:
    found = Workflow.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if found is None:
        raise TargetGone("The workflow does not exist any more.")
    return found
