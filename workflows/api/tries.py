"""``/workflows/{id}/try``: run the draft, with the outputs of chosen steps given."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.http.viewsets import ApiViewSet
from tenants.accounts.api.callers import actor_of
from workflows.actions.tries import try_workflow
from workflows.api.runs import RunDetailSerializer, as_new
from workflows.models import Workflow


class TryWorkflow(ClosedSerializer):
    """What the try works on, and what it need not find out."""

    inputs = JsonObjectField(default=dict, help_text="As the draft's input schema asks for")
    pins = JsonObjectField(
        default=dict,
        help_text='{"node": {"output": {...}, "route": "..."}}: these steps are not executed, they give this',
    )


class WorkflowTries(ApiViewSet):
    """Runs of a workflow's draft."""

    queryset = Workflow.objects.all()
    serializer_class = RunDetailSerializer
    write_serializer_class = TryWorkflow
    pagination_class = None
    filter_backends = []
    scope_of = {"create": "run"}
    permissions_of = {"create": ["workflows.run_workflow", "workflows.change_workflow"]}

    @extend_schema(summary="Try a workflow's draft", operation_id="workflow_try", responses={202: RunDetailSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run of the draft and answer at once. Steps that are not pinned really happen."""
        given = self.validated()
        run = try_workflow(actor=actor_of(request), workflow=self.get_object(), **given)
        response = self.shown(as_new(run), status=status.HTTP_202_ACCEPTED)
        response["Location"] = response.data["url"]
        return response
