"""``/node-types``, ``/definition-schema`` and ``/bundle-schema``: what definitions and workflow files are made of."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nexod.http.permissions import Authenticated
from nexod.http.throttling import CountedFirst
from workflows.api.fields import StoredObject
from workflows.definitions import definition_schema
from workflows.nodes import registry
from workflows.nodes.base import NodeType
from workflows.portable import bundle_schema


class NodeTypeSerializer(serializers.Serializer[NodeType]):
    """A node type and the JSON Schema of its config."""

    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    schema = StoredObject()


class NodeTypesSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = NodeTypeSerializer(many=True)


class NodeTypesView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(summary="List node types", responses=NodeTypesSerializer, operation_id="node_type_list")
    def get(self, request: Request) -> Response:
        """Return every node type with the JSON Schema of its config."""
        return Response(NodeTypesSerializer({"results": registry.all_types()}).data)


class DefinitionSchemaView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(
        summary="Get the JSON Schema of definitions", responses=OpenApiTypes.OBJECT, operation_id="definition_schema"
    )
    def get(self, request: Request) -> Response:
        """Return the JSON Schema (2020-12) of the format nexod.workflow/1, every node type's config included."""
        return Response(definition_schema())


class BundleSchemaView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(
        summary="Get the JSON Schema of workflow files", responses=OpenApiTypes.OBJECT, operation_id="bundle_schema"
    )
    def get(self, request: Request) -> Response:
        """Return the JSON Schema (2020-12) of the format nexod.bundle/1, in which workflows are exported."""
        return Response(bundle_schema())
