"""Look whether what threads are anchored to is still in the draft: what is gone is said, what is back is anchored again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from collaboration.actions.comment_news import tell_change
from collaboration.comments.drafts import Draft, draft_of, mark_of
from collaboration.crdt.shape.reading import TooDeep
from collaboration.models import CommentThread

Part = CommentThread.Part


@transaction.atomic
def check_places(*, workflow_id: UUID) -> int:
    """Look for the places of the workflow's threads in its draft, if that has changed since.

    Returns how many moved, went or came back.

    Two that look at once write the same: the mark is taken before the draft, so a change meanwhile is looked at again.
    """
    mark = mark_of(workflow_id)
    anchored = CommentThread.objects.filter(workflow=workflow_id, part__in=(Part.NODE, Part.TEXT))
    stale = list(
        anchored.exclude(checked=mark).select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")
    )
    if not stale:
        return 0
    try:
        draft = draft_of(workflow_id)
    except TooDeep:  # its editors are told so, and mend it
        return 0
    moved = [thread for thread in stale if _place(thread, draft, mark)]
    CommentThread.objects.bulk_update(stale, ["checked", "orphaned_at", "at_start", "at_end"])
    for thread in moved:
        tell_change(thread, "moved")
    return len(moved)


def _place(thread: CommentThread, draft: Draft, mark: str) -> bool:
    """Set where the thread is now; say whether that is another place than before."""
    before = (thread.orphaned_at is None, thread.at_start, thread.at_end)
    if thread.part == Part.TEXT:
        found = draft.range_of(thread)
        is_there = found is not None
        if found is not None:  # one that is gone keeps where it was, to be found again nearby
            thread.at_start, thread.at_end = found
    else:
        is_there = thread.node in draft.nodes
    thread.checked = mark
    thread.orphaned_at = None if is_there else thread.orphaned_at or timezone.now()
    return before != (is_there, thread.at_start, thread.at_end)
