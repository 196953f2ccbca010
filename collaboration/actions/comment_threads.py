"""Open a thread where something is meant, resolve and reopen it, and remember how far each has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from collaboration.actions.comment_news import keep_deed, tell_change, tell_opened
from collaboration.actions.comment_texts import ThreadGone, locked_thread, new_comment
from collaboration.comments.drafts import draft_of, mark_of
from collaboration.comments.ranges import is_position
from collaboration.comments.subjects import SubjectUnknown, name_of, subject_of
from collaboration.crdt.shape.reading import TooDeep
from collaboration.models import CommentThread, ThreadVisit
from collaboration.models.comment_thread import VIEW_STEPS
from nexod.http.throttling import count
from nexod.kernel.errors import Conflict, InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.models import Step

WRITE = "collaboration.write_comment"
Part = CommentThread.Part
PARTS = {"workflow": (Part.WHOLE, Part.NODE, Part.TEXT), "run": (Part.WHOLE, Part.STEP), "approval": (Part.WHOLE,)}
# All threads of a workflow are looked for in its draft when somebody opens it.
MOST_THREADS = 1_000


class ThreadsFull(Conflict):
    """There are as many threads about this as there can be; answer in one of them."""

    code = "threads_full"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The place that is meant. ``start`` and ``end`` are Yjs relative positions, which clients without a document leave out."""

    part: str = Part.WHOLE
    node: str = ""
    field: str = ""
    quote: str = ""
    start: str = ""
    end: str = ""
    step: UUID | None = None


@transaction.atomic
def open_thread(*, actor: User, kind: str, id_: UUID, text: str, anchor: Anchor | None = None) -> CommentThread:
    """Return a new thread about that subject with its first comment.

    Raises PermissionDenied, SubjectUnknown, RateLimited, ThreadsFull, or InvalidInput for a place that is not there.
    """
    require_permission(actor, WRITE)
    anchor = anchor or Anchor()
    subject = subject_of(actor, kind, id_)
    if anchor.part not in PARTS[kind]:
        raise _wrong("part", f"Of a {kind} that is one of {', '.join(PARTS[kind])}.")
    count("comments", str(actor.pk))
    if CommentThread.objects.filter(**{kind: subject}).count() >= MOST_THREADS:
        raise ThreadsFull
    thread = CommentThread(kind=kind, part=anchor.part, author=actor, **{kind: subject})
    if kind == "workflow":
        _anchor_in_draft(thread, anchor)
    elif anchor.part == Part.STEP:
        _anchor_at_step(actor, thread, anchor)
    else:
        thread.place = name_of(thread)
    _save(thread)
    comment = new_comment(actor, thread, text)
    tell_opened(thread, comment)
    return thread


@transaction.atomic
def resolve_thread(*, actor: User, thread: CommentThread) -> CommentThread:
    """Say that the thread is done with, and return it; again changes nothing. Raises PermissionDenied."""
    require_permission(actor, WRITE)
    rows = CommentThread.objects.filter(pk=thread.pk, resolved_at=None)
    if rows.update(resolved_at=timezone.now(), resolved_by=actor):
        tell_change(thread, "resolved", actor)
        keep_deed(thread, "resolved", actor)
    return _again(thread)


@transaction.atomic
def reopen_thread(*, actor: User, thread: CommentThread) -> CommentThread:
    """Say that it is not done with after all, and return it. Raises PermissionDenied."""
    require_permission(actor, WRITE)
    if CommentThread.objects.filter(pk=thread.pk, resolved_at__isnull=False).update(resolved_at=None, resolved_by=None):
        tell_change(thread, "reopened", actor)
        keep_deed(thread, "reopened", actor)
    return _again(thread)


@transaction.atomic
def visit_thread(*, actor: User, thread: CommentThread) -> CommentThread:
    """Remember that the person has read everything until now; return the thread. Raises ThreadGone."""
    locked_thread(thread)
    ThreadVisit.objects.update_or_create(thread=thread, user=actor, defaults={"seen_at": timezone.now()})
    return _again(thread)


def _save(thread: CommentThread) -> None:
    """Save it once nobody is deleting what it is about. Raises SubjectUnknown when that is gone by then."""
    try:
        with transaction.atomic():
            thread.save()
            with connection.wrap_database_errors:
                connection.check_constraints()
    except IntegrityError as error:
        raise SubjectUnknown from error


def _again(thread: CommentThread) -> CommentThread:
    try:
        thread.refresh_from_db(fields=["resolved_at", "resolved_by", "last_at"])
    except CommentThread.DoesNotExist as error:
        raise ThreadGone from error
    return thread


def _anchor_in_draft(thread: CommentThread, anchor: Anchor) -> None:
    assert thread.workflow_id is not None
    thread.checked = mark_of(thread.workflow_id)
    if anchor.part == Part.WHOLE:
        thread.place = name_of(thread)
        return
    try:
        draft = draft_of(thread.workflow_id)
    except TooDeep as error:
        raise _wrong("node", str(error)) from error
    if anchor.node not in draft.nodes:
        raise _wrong("node", "The draft has no node with that key.")
    thread.node, thread.place = anchor.node, draft.title(anchor.node)[:200]
    if anchor.part == Part.TEXT:
        _anchor_in_text(thread, anchor, draft)


def _anchor_in_text(thread: CommentThread, anchor: Anchor, draft: Any) -> None:
    if bool(anchor.start) != bool(anchor.end):
        raise _wrong("start", "A range has a start and an end, or neither.")
    for name, given in (("start", anchor.start), ("end", anchor.end)):
        if given and not is_position(given):
            raise _wrong(name, "This is no Yjs relative position in base64.")
    if draft.text(anchor.node, anchor.field) is None:
        raise _wrong("field", "The node has no such text.")
    thread.field, thread.quote = anchor.field, anchor.quote
    thread.range_start, thread.range_end = anchor.start, anchor.end
    found = draft.range_of(thread) if anchor.quote.strip() else None
    if found is None:
        raise _wrong("quote", "The text does not hold these words.")
    thread.at_start, thread.at_end = found
    thread.place = f"{thread.place} · {anchor.field.rpartition('.')[2]}"[:200]


def _anchor_at_step(actor: User, thread: CommentThread, anchor: Anchor) -> None:
    found = Step.objects.filter(pk=anchor.step) if anchor.step else Step.objects.none()
    step = found.filter(run=thread.run_id).only("id", "node", "title", "visit").first()
    if step is None:
        raise _wrong("step", "The run has no such step.")
    if not actor.has_perm(VIEW_STEPS):
        raise SubjectUnknown
    thread.step, thread.node, thread.place = step, step.node, str(step)[:200]


def _wrong(field: str, message: str) -> InvalidInput:
    return InvalidInput(details=[{"field": field, "message": message}])
