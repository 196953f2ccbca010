"""Threads and comments as they are shown: a page of them in three queries, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce, JSONObject, NullIf

from collaboration.comments.mentions import named
from collaboration.models import Comment, CommentThread, Reaction
from nexod.admin.markdown import render
from tenants.accounts.models import User

# Of a thread in a list; by itself it has all.
NEWEST = 10


def threads_shown(user: User, *, whole: bool = False) -> QuerySet[CommentThread]:
    """Return the threads that the user may see, with what is ``said`` in them, whether it is new, and the name of their subject."""
    said = comments_shown() if whole else comments_shown().order_by("-created_at", "-id")[:NEWEST]
    return (
        CommentThread.objects.visible_to(user)
        .marked_for(user)
        .select_related("author", "resolved_by")
        .prefetch_related(Prefetch("comments", said, "said"))
        .annotate(
            subject_name=Coalesce("workflow__name", "run__title", "approval__title"),
            replies=Count("comments", filter=Q(comments__deleted_at=None)),
        )
    )


def comments_shown() -> QuerySet[Comment]:
    """Return comments with their authors and who reacted."""
    name = Coalesce(NullIf("user__full_name", Value("")), "user__email")
    signs = Reaction.objects.filter(comment=OuterRef("pk")).order_by("created_at", "id")
    person = JSONObject(sign=F("sign"), id=F("user_id"), name=name)
    return Comment.objects.select_related("author").annotate(signs=ArraySubquery(signs.values(json=person)))


def completed(comments: Iterable[Any]) -> list[Any]:
    """Return the comments with ``people``, whom they mention, ``reacted``, each sign once, and ``html`` with names."""
    rows = list(comments)
    ids = {one for row in rows for one in row.mentions}
    people = {one.pk: one for one in User.objects.filter(pk__in=ids).only("email", "full_name")} if ids else {}
    for row in rows:
        row.people = [people[one] for one in row.mentions if one in people]
        row.html = str(render(named(row.text, {one.email: str(one) for one in row.people})))
        row.reacted = _by_sign(row.signs)
    return rows


def _by_sign(signs: Iterable[dict[str, str]]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for one in signs:
        found.setdefault(one["sign"], []).append({"id": one["id"], "name": one["name"]})
    return [{"sign": sign, "people": people} for sign, people in found.items()]
