"""``/runs``: watch, cancel, pause and resume."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.paths import path_to
from nexod.http.serializers import ClosedSerializer, EmptySerializer, JsonObjectField
from nexod.http.shapes import shown
from nexod.http.viewsets import ReadViewSet
from nexod.kernel.errors import NotFound
from nexod.kernel.reads import Read
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from tenants.backend.replica import tolerates_lag
from workflows.actions.pauses import pause_run
from workflows.actions.retries import retry_run
from workflows.actions.runs import cancel_run, resume_run
from workflows.api.compensation import CompensationSerializer
from workflows.api.fields import OptionalChoice, ReasonSerializer, StoredObject, TotalsSerializer
from workflows.api.filters import RunFilter
from workflows.api.steps import StepSerializer
from workflows.models import Approval, Run, Step

HEAVY = ("definition", "inputs", "outputs")


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run without its documents."""

    waiting_for = OptionalChoice(Run.WaitingFor, help_text="What a waiting run waits for")
    replay = OptionalChoice(Run.Replay, help_text="What a run of a case takes from what was recorded")
    started_by = PersonSerializer(read_only=True, allow_null=True)
    totals = TotalsSerializer(read_only=True)
    error = ReasonSerializer(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField(help_text="Its path on this host")

    class Meta:
        model = Run
        fields = [
            "id", "kind", "title", "status", "waiting_for", "cancel_requested", "pause_requested", "error", "workflow", "version",
            "agent", "crew", "case", "replay", "evaluation", "started_by", "totals", "last_seq", "created_at",
            "started_at", "finished_at", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, run: Run) -> str:
        """Return where the run is: a path on this host."""
        return path_to("run-detail", run.pk)


class RetryRun(ClosedSerializer):
    """From where a failed run goes on, and what is changed before; without a body it goes on as it is where it failed."""

    node = serializers.CharField(
        required=False, max_length=60, help_text="Do the newest step of this node and all that came after it anew"
    )
    inputs = JsonObjectField(required=False, help_text="In place of the run's inputs; as its input schema asks for")
    outputs = JsonObjectField(
        required=False, help_text="In place of what steps gave, by node; for a failed node: it is not tried again"
    )


class RunDetailSerializer(RunSerializer):
    """A run with its inputs and outputs, where it stands and what it asks. Read by ``run_in_detail``."""

    inputs = StoredObject()
    outputs = StoredObject(allow_null=True)
    compensation = CompensationSerializer(
        read_only=True, allow_null=True, help_text="What was undone when the run failed or was cancelled"
    )
    pins = StoredObject(help_text="Of a try: {node: {output, route}} of the steps that were not executed")
    current_steps = StepSerializer(many=True, read_only=True, help_text="Running or waiting now")
    pending_approvals = serializers.SerializerMethodField(help_text="Ids of the approvals that it waits for")

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "inputs", "outputs", "compensation", "is_try", "pins", "current_steps",
                  "pending_approvals"]  # fmt: skip
        read_only_fields = fields

    def get_pending_approvals(self, run: Any) -> list[str]:
        """Return their ids."""
        return [str(approval.pk) for approval in run.asked]


def run_in_detail(pk: UUID) -> Run:
    """Return the run with everything that RunDetailSerializer shows; raise NotFound."""
    run = _run.first(pk)
    if run is None:
        raise NotFound
    run.current_steps, run.asked = _at_work.rows(pk), _asked.rows(pk)  # type: ignore[attr-defined]
    return run


_run = Read(
    lambda pk: Run.objects.select_related("started_by").defer("definition").filter(pk=pk).order_by(), Run._meta.pk
)
_at_work = Read(
    lambda run: (
        Step.objects.filter(run=run, status__in=[Step.Status.RUNNING, Step.Status.WAITING])
        .defer("inputs", "output")
        .order_by("created_at", "id")
    ),
    Run._meta.pk,
)
_asked = Read(lambda run: Approval.objects.pending().filter(run=run).only("id", "run_id"), Run._meta.pk)


@extend_schema_view(
    list=extend_schema(summary="List runs", responses=RunSerializer(many=True)),
    retrieve=extend_schema(summary="Get a run"),
)
class RunViewSet(ReadViewSet):
    """Runs are started at what they execute: ``/workflows/{id}/runs``, ``/agents/{id}/runs``, ``/crews/{id}/runs``."""

    queryset = Run.objects.all()
    filterset_class = RunFilter
    write_serializer_class = EmptySerializer
    permissions_of = {
        "cancel": ["workflows.cancel_run"],
        "pause": ["workflows.pause_run"],
        "resume": ["workflows.view_run"],
        "retry": ["workflows.view_run"],
    }
    scope_of = {"cancel": "run", "pause": "run", "resume": "run", "retry": "run"}
    write_serializers = {"retry": RetryRun}

    def get_queryset(self) -> QuerySet[Run]:
        """Return no more of the rows than the action shows."""
        rows = super().get_queryset().select_related("started_by")
        return rows.defer(*HEAVY) if self.action == "list" else rows

    def get_object(self) -> Run:
        """Return the run, with what is shown of it where nothing is done with it."""
        return run_in_detail(self.kwargs["pk"]) if self.action == "retrieve" else super().get_object()

    def get_serializer_class(self) -> type[RunSerializer]:
        """Return the short form for lists."""
        return RunSerializer if self.action == "list" else RunDetailSerializer

    @tolerates_lag
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of runs: a watcher of one has its events, which never lag."""
        return super().list(request, *args, **kwargs)

    @extend_schema(summary="Cancel a run", request=None, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Ask the run to stop; one that nobody works on is cancelled at once, or as soon as what it did is undone."""
        return run_shown(cancel_run(actor=actor_of(request), run=self.get_object()))

    @extend_schema(summary="Pause a run", request=None, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, **kwargs: Any) -> Response:
        """Let the run stop before its next step and wait for a person; a run that nobody works on is paused at once."""
        return run_shown(pause_run(actor=actor_of(request), run=self.get_object()))

    @extend_schema(summary="Resume a run", request=None, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, **kwargs: Any) -> Response:
        """Continue a paused run, or a failed one where it failed, or wake one that is parked."""
        return run_shown(resume_run(actor=actor_of(request), run=self.get_object()))

    @extend_schema(summary="Retry a failed run", request=RetryRun, responses=RunDetailSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **kwargs: Any) -> Response:
        """Let a failed run go on where it failed or from an earlier node, also with changed inputs or outputs of steps."""
        return run_shown(retry_run(actor=actor_of(request), run=self.get_object(), **self.validated()))

    @extend_schema(summary="Get what a run executes", responses=OpenApiTypes.OBJECT)
    @action(detail=True)
    def definition(self, request: Request, **kwargs: Any) -> Response:
        """Return the definition document, as it was when the run was started."""
        return Response(self.get_object().definition)


def as_new(run: Run) -> Run:
    """Return the run that was just started, with what RunDetailSerializer shows: nothing is asked and no step at work yet."""
    run.current_steps, run.asked = [], []  # type: ignore[attr-defined]
    return run


def run_shown(run: Run, **options: Any) -> Response:
    """Return the run as it stands now."""
    return Response(shown(RunDetailSerializer, run_in_detail(run.pk)), **options)
