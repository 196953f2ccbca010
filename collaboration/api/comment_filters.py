"""What lists of threads can be narrowed by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters as filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from collaboration.models import Comment, CommentThread
from nexod.http.filters import FlagFilter

Subject = tuple[str, UUID]


def subject_named(given: str, kinds: Any = CommentThread.Kind.values) -> Subject:
    """Return the kind and the id of ``workflow:<id>``; raises ValidationError at ``subject``."""
    kind, _, id_ = given.partition(":")
    try:
        if kind in kinds:
            return kind, UUID(id_)
    except ValueError:
        pass
    raise ValidationError({"subject": [f"Write one of {', '.join(kinds)}, a colon and an id."]})


class ThreadFilter(filters.FilterSet):
    """``?subject=workflow:<id>``, ``?kind=``, ``?resolved=``, ``?orphaned=``, ``?unread=``, ``?node=``, ``?step=``, people."""

    subject = filters.CharFilter(method="of_subject")
    kind = filters.ChoiceFilter(choices=CommentThread.Kind.choices)
    resolved = FlagFilter(field_name="resolved_at", lookup_expr="isnull", exclude=True)
    orphaned = FlagFilter(field_name="orphaned_at", lookup_expr="isnull", exclude=True)
    unread = FlagFilter(field_name="is_unread")
    node = filters.CharFilter(max_length=80)
    step = filters.UUIDFilter()
    author = filters.UUIDFilter(field_name="author")
    mentions = filters.UUIDFilter(method="of_mentioned")

    class Meta:
        model = CommentThread
        fields: tuple[str, ...] = ()

    def of_subject(self, rows: QuerySet[CommentThread], name: str, given: str) -> QuerySet[CommentThread]:
        """Return those about one row."""
        kind, id_ = subject_named(given)
        return rows.filter(**{kind: id_})

    def of_mentioned(self, rows: QuerySet[CommentThread], name: str, person: UUID) -> QuerySet[CommentThread]:
        """Return those in which somebody is mentioned."""
        named = Comment.objects.filter(mentions__contains=[person], deleted_at=None)
        return rows.filter(pk__in=named.values("thread"))
