"""``/agents/{id}/versions``: how an agent was, newest first; what changed; and back to it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions.agent_versions import restore_version
from agents.api.agents import AgentSerializer
from agents.api.together import WriterSerializer
from agents.differences import changes
from agents.models import Agent, AgentVersion
from nexod.http.serializers import EmptySerializer
from nexod.http.viewsets import ReadViewSet
from nexod.kernel.errors import InvalidInput
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer


class ChangedFieldSerializer(serializers.Serializer[Any]):
    """A field and who changed it since the version before, by their names of then."""

    field = serializers.CharField()
    by = WriterSerializer(many=True)


class AgentVersionSerializer(serializers.ModelSerializer[AgentVersion]):
    """A version, without its content."""

    author = PersonSerializer(read_only=True, allow_null=True)
    contributors = PersonSerializer(many=True, read_only=True)
    changes = ChangedFieldSerializer(many=True, read_only=True, help_text="Who changed what since the version before")

    class Meta:
        model = AgentVersion
        fields = ["id", "number", "note", "author", "contributors", "changes", "created_at"]
        read_only_fields = fields


class AgentVersionDetailSerializer(AgentVersionSerializer):
    """A version with the agent's fields as they were; what it referred to is named by slug."""

    content = serializers.DictField(read_only=True)

    class Meta(AgentVersionSerializer.Meta):
        fields = [*AgentVersionSerializer.Meta.fields, "content"]
        read_only_fields = fields


class LineSerializer(serializers.Serializer[Any]):
    """A line of a field."""

    mark = serializers.ChoiceField(choices=["same", "gone", "new"])
    text = serializers.CharField()


class AgentChangeSerializer(serializers.Serializer[Any]):
    """A field that differs between two versions."""

    field = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    lines = LineSerializer(many=True)


class AgentChangesSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = AgentChangeSerializer(many=True)


@extend_schema_view(
    list=extend_schema(summary="List the versions of an agent"),
    retrieve=extend_schema(summary="Get a version of an agent with its content"),
)
class AgentVersionViewSet(ReadViewSet):
    """A version belongs to its agent and is known by its number."""

    queryset = AgentVersion.objects.select_related("author").prefetch_related("contributors")
    filter_backends = []
    lookup_field = "number"
    write_serializer_class = EmptySerializer
    permissions_of: ClassVar = {"restore": ["agents.change_agent"]}

    def get_queryset(self) -> QuerySet[Any]:
        """Return the agent's versions; raises Http404 without the agent."""
        versions = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return versions
        agent = get_object_or_404(Agent.objects.only("id"), pk=self.kwargs["agent_id"])
        versions = versions.filter(agent=agent)
        return versions.defer("content") if self.action == "list" else versions

    def get_serializer_class(self) -> Any:
        """Return the short form for lists."""
        forms = {"list": AgentVersionSerializer, "changes": AgentChangeSerializer, "restore": AgentSerializer}
        return forms.get(self.action, AgentVersionDetailSerializer)

    @extend_schema(
        summary="Say what changed between two versions of an agent",
        parameters=[OpenApiParameter("since", int, description="The earlier version; without it the one before")],
        responses=AgentChangesSerializer,
    )
    def changes(self, request: Request, **kwargs: Any) -> Response:
        """Answer with the fields that differ."""
        after = self.get_object()
        since = request.query_params.get("since") or str(after.number - 1)
        if not (since.isascii() and since.isdigit() and len(since) < 10):
            raise InvalidInput(
                "since is the number of a version.", details=[{"field": "since", "message": "is not valid"}]
            )
        before = {} if since == "0" else get_object_or_404(self.get_queryset(), number=int(since)).content
        found = [asdict(change) for change in changes(before, after.content)]
        for change in found:
            change["lines"] = [{"mark": mark, "text": text} for mark, text in change["lines"]]
        return Response({"results": found})

    @extend_schema(summary="Make an agent what it was, as a new version", request=None, responses=AgentSerializer)
    def restore(self, request: Request, **kwargs: Any) -> Response:
        """Restore it and answer with the agent."""
        version = self.get_object()
        agent = restore_version(actor=actor_of(request), agent=version.agent, number=version.number)
        return self.shown(agent)
