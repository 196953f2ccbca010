"""Crews over the API, each with all its tasks: a crew is one document to its author."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.actions import crews
from agents.actions.crews import MOST_RETRIES
from agents.api import references
from agents.api.together import TogetherViewSet, rights
from agents.guardrails import MOST, documented
from agents.models import Crew, CrewTask
from nexod.http.serializers import Closed


class ContextField(serializers.ListField):
    """Slugs of tasks of the same crew."""

    child = serializers.SlugField(max_length=60)

    def to_representation(self, data: Any) -> list[str]:
        """Return the slugs in the order of the tasks."""
        return [task.slug for task in sorted(data.all(), key=lambda task: task.order)]


@extend_schema_field({"oneOf": [{**schema, "title": kind} for kind, schema in documented().items()]})
class GuardrailField(serializers.DictField):
    """One guardrail; what is wrong with it is said by the action."""


class CrewTaskSerializer(Closed, serializers.ModelSerializer[CrewTask]):
    """A task of a crew; its place in the list is its turn."""

    slug = serializers.SlugField(max_length=60)
    agent = references.agent()
    context: Any = ContextField(
        required=False, max_length=50, help_text="Slugs of tasks before it whose results it reads"
    )
    output_schema = serializers.DictField(required=False, allow_null=True, help_text="JSON Schema of an object")
    policy = serializers.DictField(
        required=False, help_text="Who decides on the result, how many of them, and by when; empty: anybody who may"
    )
    guardrails = serializers.ListField(
        child=GuardrailField(), required=False, max_length=MOST, help_text="What the result must satisfy, in this order"
    )
    max_retries = serializers.IntegerField(required=False, min_value=0, max_value=MOST_RETRIES)

    class Meta:
        model = CrewTask
        fields = (
            "slug",
            "description",
            "expected_output",
            "agent",
            "context",
            "output_schema",
            "human_input",
            "policy",
            "async_execution",
            "allow_delegation",
            "guardrails",
            "max_retries",
            "on_failure",
        )


class CrewSerializer(Closed, serializers.ModelSerializer[Crew]):
    """A crew with its tasks."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="Made of the name when left out; never changes"
    )
    manager = references.agent()
    members = references.agents()
    tasks = CrewTaskSerializer(many=True)

    class Meta:
        model = Crew
        fields = (
            "id",
            "slug",
            "name",
            "description",
            "process",
            "manager",
            "members",
            "planning",
            "tasks",
            "created_at",
            "updated_at",
        )


class CrewViewSet(TogetherViewSet):
    """Who works together, and on what."""

    queryset = Crew.objects.select_related("manager").prefetch_related(
        "members",
        Prefetch("tasks", CrewTask.objects.select_related("agent").prefetch_related("context").order_by("order")),
    )
    serializer_class = CrewSerializer
    kind = "crew"
    permissions_of = rights("crew")
    filterset_fields = ("slug", "process")
    create_action = staticmethod(crews.create_crew)
    update_action = staticmethod(crews.update_crew)
    destroy_action = staticmethod(crews.delete_crew)
