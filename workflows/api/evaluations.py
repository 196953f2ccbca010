"""``/evaluations``: versions judged by the cases of a data set, and their trials."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, EmptySerializer
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from tenants.accounts.api.callers import actor_of
from tenants.accounts.api.serializers import PersonSerializer
from workflows.actions import evaluations
from workflows.api.cases import data_set_field, tags_field
from workflows.api.comparison import ComparisonSerializer
from workflows.api.datasets import UseSerializer
from workflows.api.fields import ReasonSerializer
from workflows.api.filters import EvaluationFilter, TrialFilter
from workflows.evals.comparison import comparison
from workflows.models import Evaluation, Run, Trial


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """An evaluation, and how far it is."""

    started_by = PersonSerializer(read_only=True, allow_null=True)
    trials = serializers.IntegerField(source="trials_count", read_only=True)
    over = serializers.IntegerField(source="over_count", read_only=True, help_text="Trials that have ended")

    class Meta:
        model = Evaluation
        fields = [
            "id", "data_set", "status", "replay", "repeats", "concurrency", "tags", "publishes", "outcome", "cancel_requested",
            "trials", "over", "started_by", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class EvaluationDetailSerializer(EvaluationSerializer):
    """An evaluation with its scorers, as they were when it began, and how the versions compare."""

    scorers = UseSerializer(many=True, read_only=True)
    comparison = serializers.SerializerMethodField()

    class Meta(EvaluationSerializer.Meta):
        fields = [*EvaluationSerializer.Meta.fields, "scorers", "comparison"]
        read_only_fields = fields

    @extend_schema_field(ComparisonSerializer)
    def get_comparison(self, evaluation: Evaluation) -> Any:
        """Return how the versions compare."""
        return comparison(evaluation).as_json()


class MarkSerializer(serializers.Serializer[Any]):
    """What one scorer says."""

    scorer = serializers.CharField()
    score = serializers.FloatField()
    passed = serializers.BooleanField()
    told = serializers.CharField(allow_blank=True)


class TrialSerializer(serializers.ModelSerializer[Trial]):
    """One case on one version; ``run`` is what was executed."""

    case_name = serializers.CharField(source="case.name", read_only=True)
    version = serializers.CharField(source="contestant.label", read_only=True)
    marks = MarkSerializer(many=True, read_only=True)
    error = ReasonSerializer(
        read_only=True, allow_null=True, help_text="Of one that changed or broke; call_changed has a diff"
    )
    judges = serializers.SerializerMethodField(help_text="Ids of the runs of judges")

    class Meta:
        model = Trial
        fields = [
            "id", "case", "case_name", "version", "repetition", "status", "run", "judges", "score", "marks", "error", "cost_usd",
            "judge_cost_usd", "seconds", "tokens", "model_calls", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_judges(self, trial: Trial) -> list[str]:
        """Return the ids of the runs in which models judged."""
        return list(trial.judges.values())


class StartEvaluation(ClosedSerializer):
    """What is judged, and how."""

    data_set = data_set_field(help_text="Id of a data set")
    versions = serializers.ListField(
        child=serializers.CharField(max_length=20),
        min_length=1,
        max_length=evaluations.MAX_VERSIONS,
        required=False,
        help_text="draft, published or numbers of a workflow; current or numbers of an agent; absent: draft or current",
    )
    replay = serializers.ChoiceField(choices=Run.Replay.choices, default=Run.Replay.FRESH)
    repeats = serializers.IntegerField(min_value=1, max_value=evaluations.MAX_REPEATS, default=1)
    concurrency = serializers.IntegerField(min_value=1, max_value=evaluations.MAX_AT_ONCE, default=4)
    tags = tags_field(help_text="Only cases with one of these")


def evaluations_counted() -> QuerySet[Evaluation]:
    """Return evaluations with what EvaluationSerializer shows, in one query."""
    over = Q(trials__status__in=Trial.OVER)
    rows = Evaluation.objects.select_related("started_by")
    return rows.annotate(trials_count=Count("trials"), over_count=Count("trials", over))


@extend_schema_view(
    list=extend_schema(summary="List evaluations"),
    retrieve=extend_schema(summary="Get an evaluation with how its versions compare"),
    destroy=extend_schema(summary="Delete an evaluation", description="Delete one that is over; its runs stay."),
)
class EvaluationViewSet(DestroyByAction, ReadViewSet):
    """Started here, run by workers as any run is."""

    queryset = Evaluation.objects.all()
    filterset_class = EvaluationFilter
    write_serializers = {"create": StartEvaluation, "cancel": EmptySerializer}
    permissions_of = {"cancel": ["workflows.change_evaluation"]}
    scope_of = {"create": "run", "cancel": "run"}
    destroy_action = staticmethod(evaluations.delete_evaluation)

    def get_queryset(self) -> QuerySet[Evaluation]:
        """Count the trials along."""
        return evaluations_counted()

    def get_serializer_class(self) -> type[EvaluationSerializer]:
        """Return the short form for lists."""
        return EvaluationSerializer if self.action == "list" else EvaluationDetailSerializer

    @extend_schema(summary="Start an evaluation", request=StartEvaluation, responses={202: EvaluationDetailSerializer})
    def create(self, request: Request) -> Response:
        """Start an evaluation and answer at once."""
        started = evaluations.start_evaluation(actor=actor_of(request), **self.validated())
        return evaluation_shown(started, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="Cancel an evaluation", request=None, responses=EvaluationDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Start no more of its runs, and cancel those at work."""
        self.validated()
        return evaluation_shown(evaluations.cancel_evaluation(actor=actor_of(request), evaluation=self.get_object()))


@extend_schema_view(
    list=extend_schema(summary="List the trials of an evaluation"), retrieve=extend_schema(summary="Get a trial")
)
class TrialViewSet(ReadViewSet):
    """A trial belongs to its evaluation: under another one's address it does not exist."""

    queryset = Trial.objects.select_related("case", "contestant").defer(
        "contestant__definition", "case__inputs", "case__expected"
    )
    serializer_class = TrialSerializer
    filterset_class = TrialFilter

    def get_queryset(self) -> QuerySet[Trial]:
        """Return the evaluation's trials; raises Http404 without it."""
        rows: QuerySet[Trial] = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(evaluation=get_object_or_404(Evaluation.objects.only("id"), pk=self.kwargs["evaluation_id"]))


def evaluation_shown(evaluation: Evaluation, **options: Any) -> Response:
    """Return the evaluation as it stands now."""
    return Response(EvaluationDetailSerializer(evaluations_counted().get(pk=evaluation.pk)).data, **options)
