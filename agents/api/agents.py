"""Agents over the API."""

from __future__ import annotations

from rest_framework import serializers

from agents.actions import agents
from agents.api import references
from agents.models import Agent
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet


class AgentSerializer(Closed, serializers.ModelSerializer[Agent]):
    """An agent; what it refers to is named by slug."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    connection = references.connection()
    knowledge_bases = references.knowledge_bases()

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
            "knowledge_bases",
            "created_at",
            "updated_at",
        )


class AgentViewSet(ActionViewSet):
    """Who thinks."""

    queryset = Agent.objects.select_related("connection").prefetch_related("knowledge_bases")
    serializer_class = AgentSerializer
    filterset_fields = ("slug",)
    create_action = staticmethod(agents.create_agent)
    update_action = staticmethod(agents.update_agent)
    destroy_action = staticmethod(agents.delete_agent)
