"""``/memories``: what agents keep from run to run. People see their own and what is shared, and erase what shall not be kept."""

from __future__ import annotations

from typing import Any, cast

import django_filters as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import memories
from agents.api.asked import asked, asking
from agents.memory.recall import MOST, USUAL, ranked
from agents.models import Memory
from agents.models.memory import MemoryQuerySet
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet
from tenants.accounts.api.serializers import PersonSerializer


class MemorySerializer(Closed, serializers.ModelSerializer[Memory]):
    """A memory as it is shown."""

    user = PersonSerializer(read_only=True)

    class Meta:
        model = Memory
        fields: tuple[str, ...] = (
            "id", "scope", "user", "agent", "workflow", "is_shared", "topic", "text", "importance", "is_kept", "recalls",
            "recalled_at", "run", "superseded_at", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("recalls", "recalled_at", "run", "superseded_at")


class NewMemorySerializer(Closed, serializers.ModelSerializer[Memory]):
    """What is to be kept of the caller's own."""

    class Meta:
        model = Memory
        fields = ("scope", "agent", "workflow", "is_shared", "topic", "text", "importance", "is_kept")
        extra_kwargs = {"scope": {"required": False, "default": Memory.Scope.USER}}


class ChangedMemorySerializer(Closed, serializers.ModelSerializer[Memory]):
    """What can be changed of it."""

    class Meta:
        model = Memory
        fields = memories.EDITABLE


class RecalledSerializer(serializers.Serializer[Any]):
    """A memory that was found, and why: parts of 0 to 1."""

    memory = MemorySerializer()
    score = serializers.FloatField()
    similarity = serializers.FloatField()
    recency = serializers.FloatField()
    importance = serializers.FloatField()


class RecalledListSerializer(serializers.Serializer[Any]):
    """The best first."""

    results = RecalledSerializer(many=True)


class MemoryFilter(filters.FilterSet):
    """Whose, where, and whether it still holds."""

    superseded = filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Memory
        fields = ("scope", "user", "agent", "workflow", "is_shared", "is_kept", "run")


@extend_schema_view(
    list=extend_schema(summary="List memories"),
    retrieve=extend_schema(summary="Get a memory"),
    create=extend_schema(summary="Keep something of one's own", request=NewMemorySerializer),
    partial_update=extend_schema(summary="Correct or share a memory", request=ChangedMemorySerializer),
    destroy=extend_schema(summary="Erase a memory", description="It is gone, with all that it had replaced."),
)
class MemoryViewSet(ActionViewSet):
    """One's own and shared ones; everybody's with the permission to inspect them. What is not seen is not there."""

    queryset = Memory.objects.select_related("user").defer("embedding")
    serializer_class = MemorySerializer
    write_serializers = {"create": NewMemorySerializer, "partial_update": ChangedMemorySerializer}
    filterset_class = MemoryFilter
    permissions_of = {name: ["agents.view_memory"] for name in ("create", "partial_update", "destroy", "search")}
    create_action = staticmethod(memories.create_memory)
    update_action = staticmethod(memories.update_memory)
    destroy_action = staticmethod(memories.delete_memory)

    @extend_schema(
        summary="Search memories by meaning",
        operation_id="memories_search",
        parameters=asking(usual=USUAL, most=MOST),
        responses=RecalledListSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None, filter_backends=[])
    def search(self, request: Request) -> Response:
        """Return those that mean what ``q`` means, the best first; looking does not keep them fresh."""
        wanted, mine = asked(request, usual=USUAL, most=MOST), cast(MemoryQuerySet, self.get_queryset())
        found = ranked(mine.alive(), wanted.query, limit=wanted.limit)
        return Response({"results": RecalledSerializer(found, many=True).data})
