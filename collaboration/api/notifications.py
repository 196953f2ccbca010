"""``/notifications``: one's own inbox."""

from __future__ import annotations

from typing import Any, cast

import django_filters as filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.actions.notifications import mark_all_read, mark_read
from collaboration.models import Notification
from collaboration.models.notification import NotificationQuerySet
from nexod.http.filters import FlagFilter
from nexod.http.permissions import Authenticated
from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import ReadViewSet
from tenants.accounts.api.callers import actor_of


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """A line with a place to go."""

    more = serializers.IntegerField(read_only=True, help_text="How many of the same came soon after, folded into this")

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "url", "more", "folded_into", "read_at", "created_at"]
        read_only_fields = fields


class ReadCountSerializer(serializers.Serializer[Any]):
    """How many became read."""

    read = serializers.IntegerField()


class UnreadSerializer(serializers.Serializer[Any]):
    """How many are unread."""

    unread = serializers.IntegerField()


class NotificationFilter(filters.FilterSet):
    """``?unread=true``, ``?kind=``, ``?folded_into=<id>`` for the others of a burst."""

    unread = FlagFilter(field_name="read_at", lookup_expr="isnull")
    kind = filters.CharFilter()
    folded_into = filters.UUIDFilter()

    class Meta:
        model = Notification
        fields: tuple[str, ...] = ()


@extend_schema_view(
    list=extend_schema(summary="List notifications"),
    retrieve=extend_schema(summary="Get a notification"),
)
class NotificationViewSet(ReadViewSet):
    """Nobody sees anybody else's."""

    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    permission_classes = [Authenticated]
    filterset_class = NotificationFilter
    write_serializer_class = EmptySerializer

    def get_queryset(self) -> QuerySet[Notification]:
        """Return one's own: in lists what stands for itself, unless what is folded is asked for."""
        rows = cast(NotificationQuerySet, super().get_queryset())
        is_list = self.action == "list" and "folded_into" not in self.request.query_params
        return (rows.shown() if is_list else rows).with_more()

    @extend_schema(summary="Count unread notifications", responses=UnreadSerializer, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def unread(self, request: Request) -> Response:
        """Count them."""
        number = Notification.objects.visible_to(actor_of(request)).unread().shown().count()
        return Response({"unread": number})

    @extend_schema(summary="Mark a notification as read", request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, **kwargs: Any) -> Response:
        """Mark it as read; again changes nothing."""
        return self.shown(mark_read(actor=actor_of(request), notification=self.get_object()))

    @extend_schema(summary="Mark all notifications as read", request=None, responses=ReadCountSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="read", url_name="read-all")
    def read_all(self, request: Request) -> Response:
        """Mark everything as read."""
        return Response({"read": mark_all_read(actor=actor_of(request))})
