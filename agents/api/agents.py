"""Agents over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.actions import agents
from agents.api import references
from agents.api.together import TogetherViewSet, rights
from agents.models import Agent
from agents.options import OPTIONS
from agents.tools.rules import SCHEMA, SHORT
from agents.tools.validation import MAX_TOOLS
from nexod.http.serializers import Closed, JsonListField, JsonObjectField

TOOLS = {
    "type": "array",
    "maxItems": MAX_TOOLS,
    "items": {
        "type": "object",
        "properties": {
            "tool": {"type": "string", "description": "Name of a tool, see GET /tools"},
            "settings": {"type": "object", "additionalProperties": True, "description": "As its schema says"},
            "approval": {
                "default": "never",
                "description": "When a person is asked before; short, or with its condition, what it covers and its policy",
                "oneOf": [{"type": "string", "enum": list(SHORT)}, SCHEMA],
            },
        },
        "required": ["tool"],
        "additionalProperties": False,
    },
}
FALLBACKS = {
    "type": "array",
    "maxItems": agents.MOST_FALLBACKS,
    "items": {
        "type": "object",
        "properties": {
            "connection": {"type": "string", "description": "Slug of a model connection"},
            "model": {"type": "string", "description": "Empty: the connection's first"},
        },
        "required": ["connection"],
        "additionalProperties": False,
    },
}


@extend_schema_field(TOOLS)
class ToolsField(JsonListField):
    """What the agent may use."""


@extend_schema_field(FALLBACKS)
class FallbacksField(JsonListField):
    """Who is asked in turn when the model cannot answer."""


@extend_schema_field(OPTIONS)
class OptionsField(JsonObjectField):
    """What else is asked of the model."""


class AgentSerializer(Closed, serializers.ModelSerializer[Agent]):
    """An agent; what it refers to is named by slug."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    connection = references.connection()
    knowledge_bases = references.knowledge_bases()
    tools = ToolsField(required=False)
    fallbacks = FallbacksField(required=False)
    options = OptionsField(required=False)
    note = serializers.CharField(
        write_only=True, required=False, allow_blank=True, max_length=500, help_text="Kept with the new version"
    )

    class Meta:
        model = Agent
        fields = (
            "id",
            "slug",
            "name",
            "role",
            "goal",
            "backstory",
            "connection",
            "model",
            "temperature",
            "max_tokens",
            "options",
            "fallbacks",
            "tools",
            "rounds",
            "context_policy",
            "knowledge_bases",
            "version",
            "note",
            "created_at",
            "updated_at",
        )


class AgentViewSet(TogetherViewSet):
    """Who thinks."""

    queryset = Agent.objects.select_related("connection").prefetch_related("knowledge_bases")
    serializer_class: Any = AgentSerializer
    kind = "agent"
    permissions_of = rights("agent")
    filterset_fields = ("slug",)
    create_action = staticmethod(agents.create_agent)
    update_action = staticmethod(agents.update_agent)
    destroy_action = staticmethod(agents.delete_agent)
