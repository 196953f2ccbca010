"""A draft is saved as a whole: into the document that people share where there is one, merged with what others changed."""

from __future__ import annotations

from typing import Any

from tenants.accounts.models import User
from workflows.actions.drafts.following import DRAFT, follow
from workflows.drafts.port import Change, shared
from workflows.drafts.told import told
from workflows.models import Workflow, WorkflowVersion

Json = dict[str, Any]


def put_draft(*, actor: User, workflow: Workflow, change: Change) -> WorkflowVersion:
    """Change the draft of a locked workflow and return it. Without a base the draft becomes exactly that definition.

    Raises DraftConflict where others changed the same places since the base, and DraftChanged where nothing can merge.
    """
    if not shared().put(actor=actor, workflow=workflow, change=change):
        now = workflow.versions.filter(number=DRAFT).values_list("definition", flat=True).first()
        after = change.definition
        if change.base is not None and now is not None and change.base != now:
            after = shared().merged(now, change.base, after)
        changes = told(now, after) if now is not None else []
        follow(workflow, after, {actor.pk: changes}, source=change.source, note=change.note)
    return workflow.versions.get(number=DRAFT)
