"""``/starters``: ready-made workflows, crews and agents, and how to install one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from agents import starters as ready_made
from agents.actions.starters import Installed, install_ready_made
from agents.api import references
from agents.models import KnowledgeBase
from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.permissions import require_permission
from workflows import starters
from workflows.actions.starters import install_starter
from workflows.api.workflows import WorkflowDetailSerializer, workflow_shown
from workflows.models import Workflow


class StarterSerializer(serializers.Serializer[Any]):
    """Something ready-made, and what it brings along: a workflow, a crew or an agent."""

    slug = serializers.CharField()
    kind = serializers.SerializerMethodField(help_text="workflow, crew or agent")
    name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.SerializerMethodField(help_text="Of the starter; what is installed stays as it is")
    agents = serializers.SerializerMethodField(help_text="Slugs of the agents that it brings")
    crews = serializers.SerializerMethodField(help_text="Slugs of the crews that it brings")
    hints = serializers.SerializerMethodField(help_text="What to do after the installation")

    @extend_schema_field({"type": "string", "enum": ["workflow", "crew", "agent"]})
    def get_kind(self, starter: Any) -> str:
        """Return what is installed."""
        return str(getattr(starter, "kind", "workflow"))

    def get_version(self, starter: Any) -> int:
        """Return the number of the catalogue's edition."""
        return int(getattr(starter, "version", 1))

    def get_agents(self, starter: Any) -> list[str]:
        """Return their slugs."""
        return [agent["slug"] for agent in starter.agents]

    def get_crews(self, starter: Any) -> list[str]:
        """Return their slugs."""
        if isinstance(starter, ready_made.Starter):
            return [starter.slug] if starter.crew else []
        return [crew["slug"] for crew in starter.crews]

    def get_hints(self, starter: Any) -> list[str]:
        """Return sentences for people."""
        return list(getattr(starter, "hints", []))


class StartersSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = StarterSerializer(many=True)


class InstallStarter(ClosedSerializer):
    """What the starter works with."""

    knowledge_base = serializers.PrimaryKeyRelatedField(
        queryset=KnowledgeBase.objects.all(),
        pk_field=serializers.UUIDField(),
        required=False,
        allow_null=True,
        default=None,
        help_text="Id of a knowledge base; absent: an empty one is made for a workflow, and agents have none",
    )
    connection = references.connection()


class ReadyMadeSerializer(serializers.Serializer[Any]):
    """An agent or a crew that was installed, with its agents; ``made`` of them were made now."""

    starter = serializers.CharField()
    kind = serializers.SerializerMethodField()
    id = serializers.UUIDField(source="row.pk", help_text="Of the crew, or the agent")
    slug = serializers.CharField(source="row.slug")
    agents = serializers.SerializerMethodField(help_text="Slugs that its agents have here")
    made = serializers.IntegerField()

    def get_agents(self, installed: Installed) -> list[str]:
        """Return their slugs."""
        return [agent.slug for agent in installed.agents]

    @extend_schema_field({"type": "string", "enum": ["crew", "agent"]})
    def get_kind(self, installed: Installed) -> str:
        """Return what ``id`` is of."""
        return "agent" if installed.crew is None else "crew"


class StarterViewSet(ApiViewSet):
    """The same list for everybody; installing makes what is missing, and publishes workflows."""

    queryset = Workflow.objects.all()
    pagination_class = None
    filter_backends = []
    write_serializer_class = InstallStarter
    permissions_of = {"install": ["agents.add_agent"]}

    @extend_schema(summary="List starters", responses=StartersSerializer, operation_id="starter_list")
    def overview(self, request: Request) -> Response:
        """Return every starter."""
        everything = [*starters.all_starters(), *ready_made.all_starters()]
        return Response(StartersSerializer({"results": everything}).data)

    @extend_schema(
        summary="Install a starter",
        responses={
            201: PolymorphicProxySerializer(
                component_name="InstalledStarter",
                serializers=[WorkflowDetailSerializer, ReadyMadeSerializer],
                resource_type_field_name=None,
            )
        },
        operation_id="starter_install",
    )
    def install(self, request: Request, slug: str) -> Response:
        """Create what is missing: a workflow with its agents and crews, published; or an agent, or a crew with its agents."""
        chosen = self.validated()
        connection = chosen.pop("connection", None)
        actor = actor_of(request)
        if slug in ready_made.SLUGS:
            made = install_ready_made(actor=actor, starter=slug, connection=connection, **chosen)
            return Response(ReadyMadeSerializer(made).data, status=status.HTTP_201_CREATED)
        require_permission(actor, "workflows.add_workflow")
        workflow = install_starter(actor=actor, starter=starters.get(slug).slug, **chosen)
        return workflow_shown(workflow, status=status.HTTP_201_CREATED)
