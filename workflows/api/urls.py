"""Addresses of workflows, runs and what comes of them."""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.routers import SimpleRouter

from workflows.api.absences import AbsenceViewSet
from workflows.api.approval_record import ApprovalRecordViewSet
from workflows.api.approvals import ApprovalViewSet
from workflows.api.artifacts import ArtifactViewSet
from workflows.api.business_hours import BusinessHoursViewSet
from workflows.api.cases import CaseRuns, CaseViewSet, RunCase
from workflows.api.datasets import DataSetViewSet, ScorersView
from workflows.api.evaluations import EvaluationViewSet, TrialViewSet
from workflows.api.events import run_events
from workflows.api.firings import FiringViewSet
from workflows.api.history import HistoryViewSet, StateViewSet
from workflows.api.node_types import BundleSchemaView, DefinitionSchemaView, NodeTypesView
from workflows.api.portable import PortableViewSet
from workflows.api.runs import RunViewSet
from workflows.api.search import SearchView
from workflows.api.starters import StarterViewSet
from workflows.api.starts import AgentRuns, CrewRuns, WorkflowRuns
from workflows.api.steps import StepViewSet
from workflows.api.tries import WorkflowTries
from workflows.api.trigger_kinds import TriggerKindsView
from workflows.api.triggers import TriggerViewSet
from workflows.api.versions import VersionViewSet
from workflows.api.watchers import WatchersView
from workflows.api.workflows import WorkflowViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("workflows", WorkflowViewSet, basename="workflow")
router.register("runs", RunViewSet, basename="run")
router.register("approvals", ApprovalViewSet, basename="approval")
router.register("absences", AbsenceViewSet, basename="absence")
router.register("artifacts", ArtifactViewSet, basename="artifact")
router.register("data-sets", DataSetViewSet, basename="data-set")
router.register("cases", CaseViewSet, basename="case")
router.register("evaluations", EvaluationViewSet, basename="evaluation")
router.register("triggers", TriggerViewSet, basename="trigger")
router.register("firings", FiringViewSet, basename="firing")

LIST: Any = {"get": "list"}
GET: Any = {"get": "retrieve"}
CREATE: Any = {"post": "create"}
versions, steps = "workflows/<uuid:workflow_id>/versions", "runs/<uuid:run_id>/steps"
record = "runs/<uuid:run_id>/approvals/record"
history, states = "workflows/<uuid:workflow_id>/history", "workflows/<uuid:workflow_id>/states"
trials = "evaluations/<uuid:evaluation_id>/trials"

urlpatterns = [
    path("workflows/import", PortableViewSet.as_view({"post": "bring"}), name="workflow-import"),
    path("workflows/<uuid:pk>/export", PortableViewSet.as_view({"get": "export"}), name="workflow-export"),
    path("workflows/<uuid:pk>/changes", PortableViewSet.as_view({"get": "changes"}), name="workflow-changes"),
    path("workflows/<uuid:pk>/rollback", PortableViewSet.as_view({"post": "rollback"}), name="workflow-rollback"),
    path(
        "workflows/<uuid:pk>/versions/<int:number>/restore",
        PortableViewSet.as_view({"post": "restore"}),
        name="version-restore",
    ),
    *router.urls,
    path("workflows/<uuid:pk>/runs", WorkflowRuns.as_view(CREATE), name="workflow-runs"),
    path("workflows/<uuid:pk>/try", WorkflowTries.as_view(CREATE), name="workflow-try"),
    path("agents/<uuid:pk>/runs", AgentRuns.as_view(CREATE), name="agent-runs"),
    path("crews/<uuid:pk>/runs", CrewRuns.as_view(CREATE), name="crew-runs"),
    path(versions, VersionViewSet.as_view(LIST, basename="version"), name="version-list"),
    path(f"{versions}/<int:number>", VersionViewSet.as_view(GET, basename="version"), name="version-detail"),
    path(history, HistoryViewSet.as_view(LIST), name="draft-history"),
    path(
        "workflows/<uuid:workflow_id>/unpublished", HistoryViewSet.as_view({"get": "unpublished"}), name="unpublished"
    ),
    path(states, StateViewSet.as_view({**LIST, **CREATE}), name="draft-states"),
    path(f"{states}/<uuid:pk>", StateViewSet.as_view({**GET, "delete": "destroy"}), name="draft-state"),
    path(f"{states}/<uuid:pk>/restore", StateViewSet.as_view({"post": "restore"}), name="draft-state-restore"),
    path(steps, StepViewSet.as_view(LIST, basename="step"), name="step-list"),
    path(f"{steps}/<uuid:pk>", StepViewSet.as_view(GET, basename="step"), name="step-detail"),
    path("runs/<uuid:pk>/case", RunCase.as_view(CREATE), name="run-case"),
    path("cases/<uuid:pk>/runs", CaseRuns.as_view(CREATE), name="case-runs"),
    path(trials, TrialViewSet.as_view(LIST, basename="trial"), name="trial-list"),
    path(f"{trials}/<uuid:pk>", TrialViewSet.as_view(GET, basename="trial"), name="trial-detail"),
    path(
        "business-hours",
        BusinessHoursViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="business-hours",
    ),
    path("search", SearchView.as_view(), name="search"),
    path("scorers", ScorersView.as_view(), name="scorer-list"),
    path("runs/<uuid:run_id>/events", run_events, name="run-events"),
    path(record, ApprovalRecordViewSet.as_view({"get": "whole"}), name="approval-record"),
    path(f"{record}.csv", ApprovalRecordViewSet.as_view({"get": "table"}), name="approval-record-csv"),
    path("runs/<uuid:run_id>/watchers", WatchersView.as_view(), name="run-watchers"),
    path("starters", StarterViewSet.as_view({"get": "overview"}), name="starter-list"),
    path("starters/<slug:slug>/install", StarterViewSet.as_view({"post": "install"}), name="starter-install"),
    path("trigger-kinds", TriggerKindsView.as_view(), name="trigger-kinds"),
    path("node-types", NodeTypesView.as_view(), name="node-types"),
    path("bundle-schema", BundleSchemaView.as_view(), name="bundle-schema"),
    path("definition-schema", DefinitionSchemaView.as_view(), name="definition-schema"),
]
