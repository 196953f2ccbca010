"""``/cases``: inputs and what is expected; ``/runs/{id}/case`` saves a run as one, ``/cases/{id}/runs`` replays it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from nexod.http.serializers import ClosedSerializer, JsonObjectField
from nexod.http.viewsets import ApiViewSet, DestroyByAction, ReadViewSet
from tenants.accounts.api.callers import actor_of
from workflows.actions.cases import create_case, delete_case, save_case, update_case
from workflows.actions.replays import run_case
from workflows.api.fields import StoredObject
from workflows.api.filters import CaseFilter
from workflows.api.runs import RunDetailSerializer, as_new
from workflows.models import Case, DataSet, RecordedAnswer, Run


def tags_field(**options: Any) -> serializers.ListField:
    """Return a field for tags that may be left out."""
    return serializers.ListField(child=serializers.CharField(max_length=60), max_length=20, required=False, **options)


def data_set_field(**options: Any) -> serializers.PrimaryKeyRelatedField[Any]:
    """Return a field for the id of a data set."""
    return serializers.PrimaryKeyRelatedField(
        queryset=DataSet.objects.all(), pk_field=serializers.UUIDField(), **options
    )


class AnswerSerializer(serializers.ModelSerializer[RecordedAnswer]):
    """What was recorded, without what was said."""

    class Meta:
        model = RecordedAnswer
        fields = ["position", "node", "visit", "kind", "name", "occurrence", "by_person"]
        read_only_fields = fields


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case; ``recorded`` counts the answers that a replay of it takes."""

    inputs = StoredObject()
    expected = serializers.JSONField(read_only=True, help_text="The outputs, or null")
    recorded = serializers.IntegerField(source="answers_count", read_only=True)

    class Meta:
        model = Case
        fields = ["id", "data_set", "name", "inputs", "expected", "tags", "run", "recorded", "created_at", "updated_at"]
        read_only_fields = fields


class CaseDetailSerializer(CaseSerializer):
    """A case with the calls that were recorded."""

    answers = AnswerSerializer(many=True, read_only=True)

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "answers"]
        read_only_fields = fields


class UpdateCase(ClosedSerializer):
    """What may change."""

    name = serializers.CharField(max_length=200, required=False)
    inputs = JsonObjectField(required=False)
    expected = serializers.JSONField(
        required=False, allow_null=True, help_text="The outputs; null: nothing is said of them"
    )
    tags = tags_field()


class CreateCase(UpdateCase):
    """A new case."""

    data_set = data_set_field(help_text="Id of a data set")
    name = serializers.CharField(max_length=200)


class SaveCase(ClosedSerializer):
    """Where a run is saved."""

    data_set = data_set_field(
        required=False, allow_null=True, help_text="Absent: the first one of what was run, made when there is none"
    )
    name = serializers.CharField(max_length=190, required=False, allow_blank=True)
    tags = tags_field()


class ReplayCase(ClosedSerializer):
    """On what a case is run, and what it takes from what was recorded."""

    version = serializers.CharField(
        max_length=20,
        required=False,
        allow_blank=True,
        help_text="draft, published, current, or a number; absent: draft or current",
    )
    replay = serializers.ChoiceField(choices=Run.Replay.choices, default=Run.Replay.STRICT)


@extend_schema_view(
    list=extend_schema(summary="List cases"),
    retrieve=extend_schema(summary="Get a case with the calls that were recorded"),
    destroy=extend_schema(
        summary="Delete a case", description="Delete it with what was recorded in it, and its scores."
    ),
)
class CaseViewSet(DestroyByAction, ReadViewSet):
    """What something is judged by."""

    queryset = Case.objects.all()
    filterset_class = CaseFilter
    write_serializers = {"create": CreateCase, "partial_update": UpdateCase}
    destroy_action = staticmethod(delete_case)

    def get_queryset(self) -> QuerySet[Case]:
        """Count what was recorded along; in detail without what was said."""
        return _counted() if self.action == "list" else _in_detail()

    def get_serializer_class(self) -> type[CaseSerializer]:
        """Return the short form for lists."""
        return CaseSerializer if self.action == "list" else CaseDetailSerializer

    @extend_schema(summary="Create a case", request=CreateCase, responses={201: CaseDetailSerializer})
    def create(self, request: Request) -> Response:
        """Create a case that nothing is recorded for."""
        return case_shown(create_case(actor=actor_of(request), **self.validated()), status=status.HTTP_201_CREATED)

    @extend_schema(summary="Change a case", request=UpdateCase, responses=CaseDetailSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; what was recorded stays."""
        return case_shown(update_case(actor=actor_of(request), case=self.get_object(), **self.validated(partial=True)))


class RunCase(ApiViewSet):
    """``/runs/{id}/case``."""

    queryset = Run.objects.all()
    serializer_class = CaseDetailSerializer
    write_serializer_class = SaveCase
    pagination_class = None
    filter_backends = []
    permissions_of = {"create": ["workflows.add_case", "workflows.view_run"]}

    @extend_schema(summary="Save a run as a case", operation_id="run_save_case", responses={201: CaseDetailSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Keep inputs, outputs and every answer of a run that is over, without secrets, to be replayed."""
        case = save_case(actor=actor_of(request), run=self.get_object(), **self.validated())
        return case_shown(case, status=status.HTTP_201_CREATED)


class CaseRuns(ApiViewSet):
    """``/cases/{id}/runs``."""

    queryset = Case.objects.all()
    serializer_class = RunDetailSerializer
    write_serializer_class = ReplayCase
    pagination_class = None
    filter_backends = []
    permissions_of = {"create": ["workflows.view_case"]}
    scope_of = {"create": "run"}

    @extend_schema(summary="Run a case", operation_id="case_run", responses={202: RunDetailSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Start a run of the case. A strict replay opens no connection: the first call that differs ends it as ``call_changed``."""
        run = run_case(actor=actor_of(request), case=self.get_object(), **self.validated())
        response = Response(RunDetailSerializer(as_new(run)).data, status=status.HTTP_202_ACCEPTED)
        response["Location"] = response.data["url"]
        return response


def case_shown(case: Case, **options: Any) -> Response:
    """Return the case as it stands now."""
    return Response(CaseDetailSerializer(_in_detail().get(pk=case.pk)).data, **options)


def _counted() -> QuerySet[Case]:
    return Case.objects.annotate(answers_count=Count("answers"))


def _in_detail() -> QuerySet[Case]:
    return _counted().prefetch_related(Prefetch("answers", RecordedAnswer.objects.defer("asked", "result", "error")))
