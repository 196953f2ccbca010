"""Addresses of workflows, runs and what comes of them."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from workflows.api.approvals import ApprovalViewSet
from workflows.api.artifacts import ArtifactViewSet
from workflows.api.events import run_events
from workflows.api.node_types import DefinitionSchemaView, NodeTypesView
from workflows.api.runs import RunViewSet
from workflows.api.starters import StarterViewSet
from workflows.api.starts import AgentRuns, CrewRuns, WorkflowRuns
from workflows.api.steps import StepViewSet
from workflows.api.versions import VersionViewSet
from workflows.api.workflows import WorkflowViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("workflows", WorkflowViewSet, basename="workflow")
router.register("runs", RunViewSet, basename="run")
router.register("approvals", ApprovalViewSet, basename="approval")
router.register("artifacts", ArtifactViewSet, basename="artifact")

LIST: Any = {"get": "list"}
GET: Any = {"get": "retrieve"}
CREATE: Any = {"post": "create"}
versions, steps = "workflows/<uuid:workflow_id>/versions", "runs/<uuid:run_id>/steps"

urlpatterns = [
    *router.urls,
    path("workflows/<uuid:pk>/runs", WorkflowRuns.as_view(CREATE), name="workflow-runs"),
    path("agents/<uuid:pk>/runs", AgentRuns.as_view(CREATE), name="agent-runs"),
    path("crews/<uuid:pk>/runs", CrewRuns.as_view(CREATE), name="crew-runs"),
    path(versions, VersionViewSet.as_view(LIST, basename="version"), name="version-list"),
    path(f"{versions}/<int:number>", VersionViewSet.as_view(GET, basename="version"), name="version-detail"),
    path(steps, StepViewSet.as_view(LIST, basename="step"), name="step-list"),
    path(f"{steps}/<uuid:pk>", StepViewSet.as_view(GET, basename="step"), name="step-detail"),
    path("runs/<uuid:run_id>/events", run_events, name="run-events"),
    path("starters", StarterViewSet.as_view({"get": "overview"}), name="starter-list"),
    path("starters/<slug:slug>/install", StarterViewSet.as_view({"post": "install"}), name="starter-install"),
    path("node-types", NodeTypesView.as_view(), name="node-types"),
    path("definition-schema", DefinitionSchemaView.as_view(), name="definition-schema"),
]
