"""Go back: let new runs use an earlier version again, or make it the draft."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone

from nexod.kernel import activity
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.workflows import save_draft
from workflows.drafts.port import shared
from workflows.errors import TargetGone
from workflows.models import DraftEdit, Workflow, WorkflowVersion

CHANGES = "workflows.change_workflow"


@transaction.atomic
def rollback_workflow(*, actor: User, workflow: Workflow, number: int, note: str = "") -> WorkflowVersion:
    """Let new runs use that published version, and return it; runs at work keep theirs, and the draft stays as it is.

    Raises PermissionDenied, NotFound for a number that was never published.
    """
    require_permission(actor, CHANGES)
    found = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
    if found is None:
        raise TargetGone("The workflow does not exist any more.")
    version = published_version(found, number)
    if found.published_id != version.pk:
        Workflow.objects.filter(pk=found.pk).update(published=version, updated_at=timezone.now())
        message = f"Version {number} is used again{f': {note}' if note else '.'}"[:500]
        LogEntry.objects.log_actions(actor.pk, [found], CHANGE, message, single_object=True)
        activity.note(actor, "reverted", "workflow", found, version=number)
    workflow.published = version
    return version


@transaction.atomic
def restore_version(*, actor: User, workflow: Workflow, number: int) -> WorkflowVersion:
    """Make that version's definition the draft, which is validated as it is today, and return the draft.

    Raises PermissionDenied, NotFound, and DefinitionInvalid where something that it names is gone by now.
    """
    version = published_version(workflow, number)
    return save_draft(
        actor=actor,
        workflow=workflow,
        definition=version.definition,
        source=DraftEdit.Source.RESTORED,
        note=f"As in version {number}",
    )


def published_version(workflow: Workflow, number: int) -> WorkflowVersion:
    """Return a published version by its number; raise NotFound."""
    version = WorkflowVersion.objects.filter(workflow=workflow.pk, number=number, number__gt=0).first()
    if version is None:
        raise NotFound(f"The workflow has no version {number}.")
    return version


def version_named(workflow: Workflow, name: str) -> WorkflowVersion:
    """Return the version that people call ``draft``, ``published`` or by its number; raise NotFound."""
    versions = WorkflowVersion.objects.filter(workflow=workflow.pk)
    if name == "draft":
        shared().catch_up(workflow.pk)
        found = versions.filter(number=0).first()
    elif name == "published":
        found = versions.filter(pk=workflow.published_id).first() if workflow.published_id else None
    elif name.isdecimal() and len(name) < 8:
        return published_version(workflow, int(name))
    else:
        raise NotFound(f"There is no version {name[:40]!r}: say draft, published or a number.")
    if found is None:
        raise NotFound(f"The workflow has no {name} version.")
    return found
