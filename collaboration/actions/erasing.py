"""Erase what a person said in comments, when they leave or ask for it: the places stay, without words and without a name."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, Func, JSONField, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from collaboration.actions.comment_news import tell_change
from collaboration.comments.mentions import GONE, without
from collaboration.comments.subjects import name_of
from collaboration.comments.taking_along import NEEDED
from collaboration.models import Activity, Comment, CommentEdit, CommentThread, Notification, Reaction, ThreadVisit
from collaboration.models.comment_thread import SUBJECTS
from collaboration.notifications.kinds import COMMENT, MENTION
from tenants.accounts.actions.users import require_may_manage
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

LEFT = GONE.capitalize()
TITLE_LIMIT = Notification._meta.get_field("title").max_length or 0


@dataclass(frozen=True, slots=True)
class Erased:
    """How many comments lost their words, in how many others an address stood, and how many reactions are gone."""

    comments: int
    mentions: int
    reactions: int


@transaction.atomic
def erase_comments(*, actor: User, user: User) -> Erased:
    """Take the person out of all comments, of what others were told of them, and of the feed; again changes nothing.

    Runs, approvals and versions keep who did them: they are the record of the work. Raises PermissionDenied.
    """
    for permission in NEEDED:
        require_permission(actor, permission)
    require_may_manage(actor, user)
    touched = _lock_comments(user)
    _blur_notifications(user)
    reactions, _ = Reaction.objects.filter(user=user).delete()
    comments, mentions = _leave_tombstones(user), _blur_mentions(user, touched)
    Comment.objects.filter(deleted_by=user).update(deleted_by=None)
    CommentThread.objects.filter(author=user).update(author=None)
    CommentThread.objects.filter(resolved_by=user).update(resolved_by=None)
    ThreadVisit.objects.filter(user=user).delete()
    _blur_activity(user)
    for thread in CommentThread.objects.filter(comments__in=touched).distinct():
        tell_change(thread, "deleted", actor)
    return Erased(comments, mentions, reactions)


def _lock_comments(user: User) -> list[UUID]:
    """Return the comments that are theirs, name them, or have their sign, locked in the order of their ids."""
    names = Q(text__icontains=user.email) | Q(mentions__contains=[user.pk])
    edited = CommentEdit.objects.filter(text__icontains=user.email).values("comment")
    signed = Reaction.objects.filter(user=user).values("comment")
    found = Comment.objects.filter(names | Q(author=user) | Q(pk__in=edited) | Q(pk__in=signed)).order_by("pk")
    return list(found.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))


def _leave_tombstones(user: User) -> int:
    own = Comment.objects.filter(author=user)
    CommentEdit.objects.filter(comment__in=own).delete()
    Reaction.objects.filter(comment__in=own).delete()
    now = timezone.now()
    ended = Coalesce(F("deleted_at"), Value(now))
    return own.update(text="", mentions=[], author=None, deleted_at=ended, deleted_by=None, updated_at=now)


def _blur_mentions(user: User, touched: list[UUID]) -> int:
    """Write other words where others wrote the address; return in how many comments."""
    blurred = set()
    for comment in Comment.objects.filter(pk__in=touched):
        text, mentions = without(comment.text, user.email), [one for one in comment.mentions if one != user.pk]
        if (text, mentions) != (comment.text, comment.mentions):
            Comment.objects.filter(pk=comment.pk).update(text=text, mentions=mentions, updated_at=timezone.now())
            blurred.add(comment.pk)
    for edit in CommentEdit.objects.filter(comment__in=touched, text__icontains=user.email):
        CommentEdit.objects.filter(pk=edit.pk).update(text=without(edit.text, user.email))
        blurred.add(edit.comment_id)
    return len(blurred)


def _blur_notifications(user: User) -> None:
    """Let what others were told of the person's comments name nobody, while it is known whose they were."""
    subjects = CommentThread.objects.filter(comments__author=user).distinct().select_related(*SUBJECTS)
    for thread in subjects:
        own = list(thread.comments.filter(author=user).values_list("pk", flat=True))
        for kind, words in ((MENTION, "mentioned you on"), (COMMENT, "wrote on")):
            told = Notification.objects.filter(key__in=[f"{kind}:{one}" for one in own])
            told.update(title=f"{LEFT} {words} {name_of(thread)}"[:TITLE_LIMIT])


def _blur_activity(user: User) -> None:
    """Let lines of what the person did say that somebody who left did it, and lines about the person name nobody."""
    said = Func(F("facts"), Value({"by": GONE}, JSONField()), template="%(expressions)s", arg_joiner=" || ")
    Activity.objects.filter(actor=user).update(actor=None, facts=said)
    Activity.objects.filter(subject_kind="member", subject_id=user.pk).update(title=LEFT)
