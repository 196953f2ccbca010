"""``/tools``: what agents may be given, with the schemas of their settings and arguments."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.tools.registry import tools
from nexod.http.permissions import Authenticated
from nexod.http.throttling import CountedFirst


@extend_schema_field({"type": "object", "additionalProperties": True})
class SchemaField(serializers.JSONField):
    """A JSON Schema."""


class ToolSerializer(serializers.Serializer[Any]):
    """A tool: ``settings`` is the schema of what its giver decides, ``parameters`` that of what a model gives."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    settings = SchemaField()
    parameters = SchemaField()
    side_effect = serializers.BooleanField(help_text="Whether it changes something outside of Nexod")


class ToolsSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = ToolSerializer(many=True)


class ToolsView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(
        summary="List the tools that agents may be given", responses=ToolsSerializer, operation_id="tool_list"
    )
    def get(self, request: Request) -> Response:
        """Return every tool with the schemas of its settings and arguments."""
        return Response(ToolsSerializer({"results": tools()}).data)
