"""``/starters``: ready-made workflows, and how to install one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import KnowledgeBase
from nexod.http.serializers import ClosedSerializer
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from workflows import starters
from workflows.actions.starters import install_starter
from workflows.api.workflows import WorkflowDetailSerializer, workflow_shown
from workflows.models import Workflow


class StarterSerializer(serializers.Serializer[starters.Starter]):
    """A ready-made workflow, and what it brings along."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    agents = serializers.SerializerMethodField(help_text="Slugs of the agents that it needs")
    crews = serializers.SerializerMethodField(help_text="Slugs of the crews that it needs")

    def get_agents(self, starter: starters.Starter) -> list[str]:
        """Return their slugs."""
        return [agent["slug"] for agent in starter.agents]

    def get_crews(self, starter: starters.Starter) -> list[str]:
        """Return their slugs."""
        return [crew["slug"] for crew in starter.crews]


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
        help_text="Id of a knowledge base; absent: an empty one is made",
    )


class StarterViewSet(ApiViewSet):
    """The same list for everybody; installing makes what is missing and publishes."""

    queryset = Workflow.objects.all()
    pagination_class = None
    filter_backends = []
    write_serializer_class = InstallStarter
    permissions_of = {"install": ["workflows.add_workflow"]}

    @extend_schema(summary="List starters", responses=StartersSerializer, operation_id="starter_list")
    def overview(self, request: Request) -> Response:
        """Return every starter."""
        return Response(StartersSerializer({"results": starters.all_starters()}).data)

    @extend_schema(
        summary="Install a starter", responses={201: WorkflowDetailSerializer}, operation_id="starter_install"
    )
    def install(self, request: Request, slug: str) -> Response:
        """Create the workflow with the agents, crews and tasks that are missing, and publish it."""
        workflow = install_starter(actor=actor_of(request), starter=starters.get(slug).slug, **self.validated())
        return workflow_shown(workflow, status=status.HTTP_201_CREATED)
