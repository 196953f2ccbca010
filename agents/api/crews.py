"""Crews over the API, each with all its tasks: a crew is one document to its author."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers

from agents.actions import crews
from agents.api import references
from agents.models import Crew, CrewTask
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet


class ContextField(serializers.ListField):
    """Slugs of tasks of the same crew."""

    child = serializers.SlugField(max_length=60)

    def to_representation(self, data: Any) -> list[str]:
        """Return the slugs in the order of the tasks."""
        return [task.slug for task in sorted(data.all(), key=lambda task: task.order)]


class CrewTaskSerializer(Closed, serializers.ModelSerializer[CrewTask]):
    """A task of a crew; its place in the list is its turn."""

    slug = serializers.SlugField(max_length=60)
    agent = references.agent()
    context: Any = ContextField(
        required=False, max_length=50, help_text="Slugs of tasks before it whose results it reads"
    )
    output_schema = serializers.DictField(required=False, allow_null=True, help_text="JSON Schema of an object")

    class Meta:
        model = CrewTask
        fields = ("slug", "description", "expected_output", "agent", "context", "output_schema", "human_input")


class CrewSerializer(Closed, serializers.ModelSerializer[Crew]):
    """A crew with its tasks."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    manager = references.agent()
    tasks = CrewTaskSerializer(many=True)

    class Meta:
        model = Crew
        fields = ("id", "slug", "name", "description", "process", "manager", "tasks", "created_at", "updated_at")


class CrewViewSet(ActionViewSet):
    """Who works together, and on what."""

    queryset = Crew.objects.select_related("manager").prefetch_related(
        Prefetch("tasks", CrewTask.objects.select_related("agent").prefetch_related("context").order_by("order"))
    )
    serializer_class = CrewSerializer
    filterset_fields = ("slug", "process")
    create_action = staticmethod(crews.create_crew)
    update_action = staticmethod(crews.update_crew)
    destroy_action = staticmethod(crews.delete_crew)
