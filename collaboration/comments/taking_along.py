"""What one person said in comments, as JSON that they can take along. Nothing of what others said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from collaboration.models import Comment, CommentEdit, CommentThread, Reaction, ThreadVisit
from tenants.accounts.actions.users import require_may_manage
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

Json = dict[str, Any]
FORMAT = "nexod.comments-of-person/1"
NEEDED = ("accounts.change_user", "collaboration.moderate_comment")


def comments_of(*, actor: User, user: User) -> Json:
    """Return the person's comments with their former texts, reactions, and how far they have read.

    People get all of their own; others what they may see themselves. Raises PermissionDenied.
    """
    threads = CommentThread.objects.all()
    if actor.pk != user.pk:
        for permission in NEEDED:
            require_permission(actor, permission)
        require_may_manage(actor, user)
        threads = threads.visible_to(actor)
    said = Comment.objects.filter(author=user, thread__in=threads).select_related("thread")
    edits = Prefetch("edits", CommentEdit.objects.order_by("created_at", "id"), "former")
    reactions = Reaction.objects.filter(user=user, comment__thread__in=threads)
    return {
        "format": FORMAT,
        "made_at": _time(timezone.now()),
        "person": {"id": str(user.pk), "email": user.email, "full_name": user.full_name},
        "comments": [_comment(row) for row in said.prefetch_related(edits)],
        "reactions": [
            {"comment": str(row.comment_id), "sign": row.sign, "created_at": _time(row.created_at)} for row in reactions
        ],
        "read": _read(ThreadVisit.objects.filter(user=user, thread__in=threads)),
    }


def _comment(row: Any) -> Json:
    thread = row.thread
    return {
        "id": str(row.pk),
        "thread": str(thread.pk),
        "subject": {"kind": thread.kind, "id": thread.subject_id},
        "place": thread.place,
        "text": row.text,
        "created_at": _time(row.created_at),
        "edited_at": _time(row.edited_at),
        "deleted_at": _time(row.deleted_at),
        "edits": [{"text": edit.text, "replaced_at": _time(edit.created_at)} for edit in row.former],
    }


def _read(visits: QuerySet[ThreadVisit]) -> list[Json]:
    return [{"thread": str(row.thread_id), "until": _time(row.seen_at)} for row in visits.order_by("seen_at", "pk")]


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
