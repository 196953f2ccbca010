"""``/{workflows,agents,crews}/{id}/runs``: start a run of it."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Crew
from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.kernel.errors import NotFound
from tenants.accounts.api.callers import actor_of
from workflows.actions.runs import start_run
from workflows.api.events import MEDIA_TYPE
from workflows.api.runs import RunDetailSerializer, as_new
from workflows.api.started import WatchedFromTheStart
from workflows.errors import TargetGone
from workflows.models import Workflow

ANSWERS = {
    (202, "application/json"): RunDetailSerializer,
    (200, MEDIA_TYPE): OpenApiResponse(OpenApiTypes.STR, "Asked for with `Accept`: the run's events as they happen"),
}


class StartRun(ClosedSerializer):
    """What the run works on."""

    inputs = JsonObjectField(default=dict, help_text="As the input schema of what is run asks for")


class RunStarter(WatchedFromTheStart):
    """What the three have in common; ``target`` names start_run's argument."""

    target: ClassVar[str]
    serializer_class = RunDetailSerializer
    write_serializer_class = StartRun
    pagination_class = None
    filter_backends = []
    scope_of = {"create": "run"}

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run and answer at once: 202 with its id, its status and where to watch it."""
        inputs = self.validated()["inputs"]
        try:
            run = start_run(
                actor=actor_of(request), inputs=inputs, **{self.target: self.get_queryset().model(pk=kwargs["pk"])}
            )
        except TargetGone:
            raise NotFound from None
        response = self.shown(as_new(run), status=status.HTTP_202_ACCEPTED)
        response["Location"] = response.data["url"]
        return response


class WorkflowRuns(RunStarter):
    """Runs of a workflow's published version."""

    target = "workflow"
    queryset = Workflow.objects.all()
    permissions_of = {"create": ["workflows.run_workflow"]}

    @extend_schema(summary="Run a workflow", operation_id="workflow_run", responses=ANSWERS)
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run of the published version and answer at once."""
        return super().create(request, **kwargs)


class AgentRuns(RunStarter):
    """Runs of a single agent."""

    target = "agent"
    queryset = Agent.objects.all()
    permissions_of = {"create": ["agents.run_agent"]}

    @extend_schema(summary="Run an agent", operation_id="agent_run", responses=ANSWERS)
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run of the agent with ``{"task": "..."}`` and answer at once."""
        return super().create(request, **kwargs)


class CrewRuns(RunStarter):
    """Runs of a crew."""

    target = "crew"
    queryset = Crew.objects.all()
    permissions_of = {"create": ["agents.run_crew"]}

    @extend_schema(summary="Run a crew", operation_id="crew_run", responses=ANSWERS)
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run of the crew and answer at once."""
        return super().create(request, **kwargs)
