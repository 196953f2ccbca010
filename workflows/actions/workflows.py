"""Create, change, publish and delete workflows. A definition is validated whenever it is saved."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agents.actions.rows import free_slug, saved
from nexod.kernel import activity
from nexod.kernel.digests import digest_of
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.credential_use import known_definitions, require_credentials
from workflows.actions.drafts.confirming import close_history, facts_of, require_confirmed
from workflows.actions.drafts.following import DRAFT, follow, keep_history
from workflows.actions.drafts.saving import put_draft
from workflows.actions.references import TenantReferences
from workflows.definitions import validated
from workflows.drafts.port import Change, shared
from workflows.drafts.states import state_of
from workflows.errors import DraftChanged, TargetGone
from workflows.evals.gate import require_passed
from workflows.models import DraftEdit, Workflow, WorkflowVersion

Json = dict[str, Any]
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
    require_credentials(actor, document)
    fields = {"name": name, "slug": slug or free_slug(Workflow, name), "description": description, "starter": starter}
    workflow = saved(Workflow(), fields)
    follow(workflow, document, {actor.pk: []}, source=DraftEdit.Source.SAVED)
    keep_history(workflow, {actor.pk: []}, source=DraftEdit.Source.SAVED, note="Created")
    activity.note(actor, "created", "workflow", workflow)
    return workflow


@transaction.atomic
def update_workflow(
    *,
    actor: User,
    workflow: Workflow,
    name: str | None = None,
    description: str | None = None,
    definition: object = None,
    base: str | Json | None = None,
) -> Workflow:
    """Change what is given; a ``definition`` becomes the draft as ``save_draft`` does. Raises what those two raise.

    Who edits the draft together reads the new name at once. A definition says its own.
    """
    require_permission(actor, CHANGE)
    found = locked(workflow.pk)
    given = {"name": name, "description": description}
    fields = {field: value for field, value in given.items() if value is not None}
    if fields:
        saved(found, fields)
    if definition is None and fields:
        shared().rename(actor=actor, workflow=found, fields=fields)
    elif definition is not None:
        save_draft(actor=actor, workflow=found, definition=definition, base=base)
    return found


@transaction.atomic
def save_draft(
    *,
    actor: User,
    workflow: Workflow,
    definition: object,
    base: str | Json | None = None,
    source: str = DraftEdit.Source.SAVED,
    note: str = "",
) -> WorkflowVersion:
    """Make ``definition`` the workflow's draft and return it; runs go on using the published version.

    ``base`` says of which state it was made, by its digest or as a whole: what others changed since stays, and where they
    changed the same, DraftConflict is raised. Raises DraftChanged for a digest that is not known any more.
    """
    require_permission(actor, CHANGE)
    document = _document(definition)
    found = locked(workflow.pk)
    shared().settle(found)
    require_credentials(actor, document, *known_definitions(found, draft=True))
    change = Change(document, state_of(found, base) if base else None, source, note)
    return put_draft(actor=actor, workflow=found, change=change)


@transaction.atomic
def publish_workflow(
    *, actor: User, workflow: Workflow, note: str = "", only: str = "", confirm: bool = False
) -> WorkflowVersion:
    """Make the draft the version that new runs use, and return that version; it never changes again.

    The draft is validated again: what it names may be gone by now. ``only`` is the hash of the one that is to be published,
    ``confirm`` says that it may have changes of others, or be in somebody's hands. Raises PermissionDenied,
    DefinitionInvalid, DraftChanged, PublishUnconfirmed with who changed what, and CasesNotEvaluated or CasesFailed where
    the workflow asks that cases pass on its draft.
    """
    require_permission(actor, CHANGE)
    found = locked(workflow.pk)
    draft = settled_draft(found)
    digest = digest_of(draft.definition)
    if only and only != digest:
        raise DraftChanged
    facts = facts_of(found)
    require_confirmed(actor, facts, confirm=confirm)
    require_passed(found, digest)
    document = _document(draft.definition)
    require_credentials(actor, document, *known_definitions(found))
    newest: int = found.versions.aggregate(newest=Max("number"))["newest"]
    version = saved(
        WorkflowVersion(workflow=found, number=newest + 1, definition=document, author=actor),
        {
            "note": note,
            "published_at": timezone.now(),
            "edited_by": draft.author,
            "contributors": [{"id": one.id, "name": one.name} for one in facts.changed],
        },
    )
    close_history(found)
    Workflow.objects.filter(pk=found.pk).update(published=version, updated_at=timezone.now())
    workflow.published = version
    activity.note(actor, "published", "workflow", found, version=version.number)
    return version


@transaction.atomic
def delete_workflow(*, actor: User, workflow: Workflow) -> None:
    """Delete the workflow with its versions. Runs stay, and those at work go on: each has its own copy of the definition."""
    require_permission(actor, "workflows.delete_workflow")
    found = locked(workflow.pk, for_good=True)
    Workflow.objects.filter(pk=found.pk).update(published=None)
    shared().forget(found.pk)
    activity.note(actor, "deleted", "workflow", found)
    found.delete()


def _document(definition: object) -> Json:
    """Return the validated definition as it is stored; raise DefinitionInvalid."""
    return validated(definition, TenantReferences()).model_dump(mode="json", by_alias=True, exclude_unset=True)


def locked(pk: UUID, *, for_good: bool = False) -> Workflow:
    """Return the workflow, which nobody else changes until the transaction ends; raise TargetGone.

    ``for_good`` is for who deletes it: waits for who is just referring to it (a comment, a run), so that this goes along.
    """
    found = Workflow.objects.select_for_update(no_key=not for_good).filter(pk=pk).first()
    if found is None:
        raise TargetGone("The workflow does not exist any more.")
    return found


def settled_draft(workflow: Workflow) -> WorkflowVersion:
    """Return the draft of a locked workflow with all that its editors wrote; raise TargetGone where there is none."""
    shared().settle(workflow)
    draft = workflow.versions.filter(number=DRAFT).first()
    if draft is None:
        raise TargetGone(f"The workflow {workflow.name!r} has no draft.")
    return draft
