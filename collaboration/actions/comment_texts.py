"""Say something in a thread, edit or delete it, react to it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from collaboration.actions.comment_news import tell_change, tell_mentioned, tell_replied
from collaboration.comments.mentions import addresses
from collaboration.comments.subjects import who_may_see
from collaboration.models import Comment, CommentEdit, CommentThread, Reaction
from nexod.http.throttling import count
from nexod.kernel.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

WRITE, MODERATE = "collaboration.write_comment", "collaboration.moderate_comment"
TEXT_LIMIT = Comment._meta.get_field("text").max_length or 0
MOST_COMMENTS, MOST_EDITS = 500, 50


class ThreadFull(Conflict):
    """This thread holds as many comments as one can; open another."""

    code = "thread_full"


class CommentDeleted(Conflict):
    """The comment was deleted."""

    code = "comment_deleted"


class ThreadGone(NotFound):
    """What was said went with what it was about, a moment ago."""

    code = "thread_gone"


@transaction.atomic
def reply(*, actor: User, thread: CommentThread, text: str) -> Comment:
    """Return a new comment in the thread.

    Raises PermissionDenied, RateLimited, ThreadGone, ThreadFull, or InvalidInput for no text.
    """
    require_permission(actor, WRITE)
    count("comments", str(actor.pk))
    found = locked_thread(thread)
    if found.comments.count() >= MOST_COMMENTS:
        raise ThreadFull
    comment = new_comment(actor, found, text)
    CommentThread.objects.filter(pk=found.pk).update(last_at=comment.created_at)
    tell_replied(found, comment)
    return comment


@transaction.atomic
def edit_comment(*, actor: User, comment: Comment, text: str) -> Comment:
    """Return one's own comment with another text; the former one is kept. Only who is newly mentioned is told.

    Raises PermissionDenied, CommentDeleted, RateLimited, InvalidInput.
    """
    require_permission(actor, WRITE)
    found = _locked(comment)
    if found.author_id != actor.pk:
        raise PermissionDenied("Only who wrote a comment edits it.")
    if found.deleted_at is not None:
        raise CommentDeleted
    new = _checked(text)
    if new == found.text:
        return found
    count("comments", str(actor.pk))
    if found.edits.count() >= MOST_EDITS:
        raise Conflict("The comment was edited too often; write another.")
    CommentEdit.objects.create(comment=found, text=found.text)
    before = set(found.mentions)
    found.text, found.edited_at, found.mentions = new, timezone.now(), _mentioned(found.thread, new)
    found.save(update_fields=["text", "edited_at", "mentions", "updated_at"])
    tell_mentioned(found.thread, found, set(found.mentions) - before)
    tell_change(found.thread, "edited", actor, found)
    return found


@transaction.atomic
def delete_comment(*, actor: User, comment: Comment) -> Comment:
    """Take one's own words back, or, as a moderator, somebody's: that there was a comment stays. Raises PermissionDenied."""
    found = _locked(comment)
    require_permission(actor, WRITE if found.author_id == actor.pk else MODERATE)
    if found.deleted_at is None:
        wipe(found, by=actor)
        tell_change(found.thread, "deleted", actor, found)
    return found


@transaction.atomic
def react(*, actor: User, comment: Comment, sign: str, on: bool = True) -> Comment:
    """Put one's sign under a comment, or take it away; again changes nothing.

    Raises PermissionDenied, CommentDeleted, RateLimited, or InvalidInput for a sign that is none of ``Reaction.SIGNS``.
    """
    require_permission(actor, WRITE)
    if sign not in Reaction.SIGNS:
        raise InvalidInput(details=[{"field": "sign", "message": f"One of {' '.join(Reaction.SIGNS)}"}])
    found = _locked(comment)
    if found.deleted_at is not None:
        raise CommentDeleted
    count("comments", str(actor.pk))
    if on:
        _, changed = Reaction.objects.get_or_create(comment=found, user=actor, sign=sign)
    else:
        changed = bool(Reaction.objects.filter(comment=found, user=actor, sign=sign).delete()[0])
    if changed:
        tell_change(found.thread, "reacted", actor, found)
    return found


def locked_thread(thread: CommentThread) -> CommentThread:
    """Return the thread, which nobody deletes until the transaction ends; raise ThreadGone."""
    found = CommentThread.objects.select_for_update(no_key=True, of=("self",)).filter(pk=thread.pk).first()
    if found is None:
        raise ThreadGone
    return found


def new_comment(actor: User, thread: CommentThread, text: str) -> Comment:
    """Return a new comment, which nobody was told of yet. For use in a transaction, by who may write."""
    words = _checked(text)
    return Comment.objects.create(thread=thread, author=actor, text=words, mentions=_mentioned(thread, words))


def wipe(comment: Comment, *, by: User | None) -> None:
    """Leave a comment without words, history, mentions or reactions."""
    comment.edits.all().delete()
    comment.reactions.all().delete()
    comment.text, comment.mentions, comment.deleted_at, comment.deleted_by = "", [], timezone.now(), by
    comment.save(update_fields=["text", "mentions", "deleted_at", "deleted_by", "updated_at"])


def _mentioned(thread: CommentThread, text: str) -> list[UUID]:
    """Return the ids of those mentioned who may see the thread; nobody else is told that there is one."""
    found = addresses(text)
    if not found:
        return []
    return list(
        who_may_see(thread.kind, thread.part).filter(email__in=found).order_by("email").values_list("pk", flat=True)
    )


def _checked(text: str) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_LIMIT or "\0" in words:
        message = f"A comment has between 1 and {TEXT_LIMIT} characters."
        raise InvalidInput(details=[{"field": "text", "message": message}])
    return words


def _locked(comment: Comment) -> Comment:
    rows = Comment.objects.select_for_update(no_key=True, of=("self",)).select_related("thread")
    found = rows.filter(pk=comment.pk).first()
    if found is None:
        raise ThreadGone
    return found
