"""``/trigger-kinds``: what can start a workflow, each kind with the JSON Schema of its config."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nexod.http.permissions import Authenticated
from nexod.http.throttling import CountedFirst
from workflows.api.fields import StoredObject
from workflows.triggers import registry


class KindOfTriggerSerializer(serializers.Serializer[Any]):
    """A kind of trigger."""

    kind = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    schema = StoredObject(help_text="JSON Schema of the config")


class TriggerKindsSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = KindOfTriggerSerializer(many=True)


class TriggerKindsView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(
        summary="List the kinds of triggers", responses=TriggerKindsSerializer, operation_id="trigger_kind_list"
    )
    def get(self, request: Request) -> Response:
        """Return every kind, in the order in which people should meet them."""
        return Response(TriggerKindsSerializer({"results": registry.all_kinds()}).data)
