"""The draft becomes another one: its row, the history of who changed what, and now and then a state that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from nexod.kernel import activity
from nexod.kernel.digests import digest_of
from workflows.drafts.told import joined
from workflows.models import DraftEdit, DraftSnapshot, Workflow, WorkflowVersion

Json = dict[str, Any]
Who = UUID | None
DRAFT = 0
STRETCH = timedelta(minutes=10)
"""Who goes on within that time goes on with the same piece of work,"""
LONGEST = timedelta(hours=1)
"""unless it has lasted that long."""
STATE_EVERY = timedelta(minutes=15)
EDITS_KEPT, STATES_KEPT = timedelta(days=365), timedelta(days=90)
STATES_LIMIT = 200
_JOINED = (DraftEdit.Source.TOGETHER, DraftEdit.Source.SAVED)


def follow(
    workflow: Workflow, definition: Json, edits: Mapping[Who, Sequence[Json]], *, source: str, note: str = ""
) -> None:
    """Make ``definition`` the draft of a locked workflow; ``edits`` says who changed what, the last one last."""
    draft = workflow.versions.filter(number=DRAFT).first()
    last = next(reversed(list(edits)), None)
    if draft is None:
        WorkflowVersion.objects.create(workflow=workflow, number=DRAFT, definition=definition, author_id=last)
        return
    if draft.definition != definition:
        replaced = source not in _JOINED
        keep_state(workflow, draft.definition, by=last if replaced else None, replaced=replaced)
        draft.definition = definition
        draft.author_id = last or draft.author_id
        draft.save(update_fields=["definition", "author", "updated_at"])
    keep_history(workflow, edits, source=source, note=note)


def keep_history(workflow: Workflow, edits: Mapping[Who, Sequence[Json]], *, source: str, note: str = "") -> None:
    """Write down who changed what, as part of what they were at, if they were."""
    now = timezone.now()
    for author, changes in edits.items():
        if not changes and not note:
            continue
        going_on = _going_on(workflow, author, source) if source in _JOINED else None
        if going_on is None:
            fields = {"source": source, "changes": list(changes), "note": note[:200], "ended_at": now}
            edit = DraftEdit.objects.create(workflow=workflow, author_id=author, **fields)
            if changes:  # told once for the whole piece of work
                activity.note(author, "edited", "workflow", workflow, edit=str(edit.pk), source=source)
            continue
        going_on.changes = joined(going_on.changes, changes)
        going_on.ended_at = now
        if going_on.changes or going_on.note:
            going_on.save(update_fields=["changes", "ended_at", "updated_at"])
        else:
            going_on.delete()


def keep_state(workflow: Workflow, definition: Json, *, by: Who = None, replaced: bool = False) -> None:
    """Keep a state that is about to be left, when it is about to be replaced as a whole or none was kept for a while."""
    now = timezone.now()
    newest = DraftSnapshot.objects.filter(workflow=workflow).defer("definition").first()
    if newest and not replaced and newest.created_at > now - STATE_EVERY:
        return
    digest = digest_of(definition)
    if newest and newest.digest == digest:
        return
    kind = DraftSnapshot.Kind.REPLACED if replaced else DraftSnapshot.Kind.AUTOMATIC
    DraftSnapshot.objects.create(workflow=workflow, definition=definition, digest=digest, kind=kind, author_id=by)
    _forget_old(workflow)


def _forget_old(workflow: Workflow) -> None:
    now = timezone.now()
    DraftEdit.objects.filter(workflow=workflow, ended_at__lt=now - EDITS_KEPT).delete()
    states = DraftSnapshot.objects.filter(workflow=workflow).exclude(kind=DraftSnapshot.Kind.NAMED)
    states.filter(created_at__lt=now - STATES_KEPT).delete()
    states.filter(pk__in=list(states.values_list("pk", flat=True)[STATES_LIMIT : STATES_LIMIT + 50])).delete()


def _going_on(workflow: Workflow, author: Who, source: str) -> DraftEdit | None:
    """Return what the author is at, if that is not over."""
    now = timezone.now()
    rows = DraftEdit.objects.filter(workflow=workflow, author=author, closed=False, source=source)
    return rows.filter(ended_at__gt=now - STRETCH, created_at__gt=now - LONGEST).first()
