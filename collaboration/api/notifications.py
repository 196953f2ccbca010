"""``/notifications``: one's own inbox."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration.actions.notifications import mark_all_read, mark_read
from collaboration.models import Notification
from nexod.http.filters import FlagFilter
from nexod.http.permissions import Authenticated
from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import ReadViewSet
from tenants.accounts.api.callers import actor_of


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """A line with a place to go."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "url", "read_at", "created_at"]
        read_only_fields = fields


class ReadCountSerializer(serializers.Serializer[Any]):
    """How many became read."""

    read = serializers.IntegerField()


class NotificationFilter(filters.FilterSet):
    """``?unread=true``, ``?kind=``."""

    unread = FlagFilter(field_name="read_at", lookup_expr="isnull")
    kind = filters.CharFilter()

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
