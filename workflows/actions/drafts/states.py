"""States of a draft: name the present one, and go back to one that was kept."""

from __future__ import annotations

from django.db import transaction

from agents.actions.rows import invalid, saved
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import Conflict, NotFound
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.credential_use import known_definitions, require_credentials
from workflows.actions.drafts.saving import put_draft
from workflows.actions.workflows import CHANGE, locked, settled_draft
from workflows.drafts.port import Change
from workflows.models import DraftEdit, DraftSnapshot, Workflow, WorkflowVersion

NAMED_LIMIT = 100
"""Others are forgotten with time. These are not, and each is a whole definition."""


class StatesFull(Conflict):
    """A draft has at most 100 states with a name: forget one of them first."""

    code = "states_full"


@transaction.atomic
def name_state(*, actor: User, workflow: Workflow, name: str) -> DraftSnapshot:
    """Keep the draft as it is now under a name, for as long as the workflow is there.

    Raises InvalidInput for the name, StatesFull.
    """
    require_permission(actor, CHANGE)
    if not name.strip():
        raise invalid("name", "A state that is kept has a name.")
    found = locked(workflow.pk)
    if DraftSnapshot.objects.filter(workflow=found, kind=DraftSnapshot.Kind.NAMED).count() >= NAMED_LIMIT:
        raise StatesFull
    draft = settled_draft(found)
    row = DraftSnapshot(workflow=found, definition=draft.definition, digest=digest_of(draft.definition), author=actor)
    return saved(row, {"kind": DraftSnapshot.Kind.NAMED, "name": name.strip()})


@transaction.atomic
def restore_state(*, actor: User, workflow: Workflow, snapshot: DraftSnapshot) -> WorkflowVersion:
    """Make a kept state the draft, as a change of the actor's like any other, and return the draft.

    The state before is kept, so that it can be undone. It need not be valid: it is the draft that it was.
    """
    require_permission(actor, CHANGE)
    found = locked(workflow.pk)
    kept = DraftSnapshot.objects.filter(pk=snapshot.pk, workflow=found).first()
    if kept is None:
        raise NotFound("This state is not kept any more.")
    require_credentials(actor, kept.definition, *known_definitions(found, draft=True))
    note = f"As it was: {kept}"
    change = Change(kept.definition, source=DraftEdit.Source.RESTORED, note=note)
    return put_draft(actor=actor, workflow=found, change=change)


@transaction.atomic
def forget_state(*, actor: User, workflow: Workflow, snapshot: DraftSnapshot) -> None:
    """Keep a state no longer."""
    require_permission(actor, CHANGE)
    DraftSnapshot.objects.filter(pk=snapshot.pk, workflow=workflow.pk).delete()
