"""``/data-sets``: cases by which something is judged, and how; and ``/scorers``, the ways to score that there are."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.models import Agent, Crew
from nexod.http.permissions import Authenticated
from nexod.http.serializers import ClosedSerializer
from nexod.http.throttling import CountedFirst
from nexod.http.viewsets import DestroyByAction, ReadViewSet
from nexod.kernel.errors import InvalidInput
from tenants.accounts.api.callers import actor_of
from workflows.actions.datasets import create_data_set, delete_data_set, import_cases, update_data_set
from workflows.api.fields import StoredObject
from workflows.evals.scorers.registry import scorers
from workflows.evals.sheets import CSV, JSONL, MAX_CHARACTERS, write_cases
from workflows.models import DataSet, Workflow

MEDIA_TYPES = {JSONL: "application/x-ndjson", CSV: "text/csv; charset=utf-8"}


class ScorerSerializer(serializers.Serializer[Any]):
    """One way to score, with the JSON Schema of its config."""

    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    schema = StoredObject()


class ScorersSerializer(serializers.Serializer[Any]):
    """All of them, in one page."""

    results = ScorerSerializer(many=True)


class ScorersView(CountedFirst, APIView):
    """The same for everybody."""

    permission_classes = [Authenticated]

    @extend_schema(summary="List the ways to score", responses=ScorersSerializer, operation_id="scorer_list")
    def get(self, request: Request) -> Response:
        """Return every scorer."""
        return Response(ScorersSerializer({"results": list(scorers())}).data)


class UseSerializer(ClosedSerializer):
    """A scorer as a data set uses it."""

    name = serializers.CharField(max_length=60, required=False, help_text="Absent: its type")
    type = serializers.ChoiceField(choices=[scorer.type for scorer in scorers()])
    weight = serializers.FloatField(min_value=0, max_value=100, required=False, help_text="Absent: 1")
    threshold = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        help_text="The score from which it passes; absent: 1, or 0.7 of likeness",
    )
    config = serializers.JSONField(required=False, help_text="By the scorer's schema; see /scorers")


class DataSetSerializer(serializers.ModelSerializer[DataSet]):
    """A data set; ``scorers`` empty: outputs are compared with what is expected."""

    scorers = UseSerializer(many=True, read_only=True)
    cases = serializers.IntegerField(source="cases_count", read_only=True, help_text="How many there are")

    class Meta:
        model = DataSet
        fields = [
            "id",
            "slug",
            "name",
            "description",
            "workflow",
            "agent",
            "crew",
            "scorers",
            "cases",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


def _target(rows: Any, what: str) -> serializers.PrimaryKeyRelatedField[Any]:
    return serializers.PrimaryKeyRelatedField(
        queryset=rows, pk_field=serializers.UUIDField(), required=False, allow_null=True, help_text=f"Id of {what}"
    )


class CreateDataSet(ClosedSerializer):
    """A new data set, of exactly one workflow, agent or crew."""

    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=60, required=False, help_text="Absent: made from the name")
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    workflow = _target(Workflow.objects.all(), "a workflow")
    agent = _target(Agent.objects.all(), "an agent")
    crew = _target(Crew.objects.all(), "a crew")
    scorers = UseSerializer(many=True, required=False)


class UpdateDataSet(ClosedSerializer):
    """What may change."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    scorers = UseSerializer(many=True, required=False)


class ImportCases(ClosedSerializer):
    """Cases as the text of a file. One of a name that is there replaces it."""

    form = serializers.ChoiceField(choices=[JSONL, CSV], default=JSONL)
    text = serializers.CharField(max_length=MAX_CHARACTERS, trim_whitespace=False)


class ImportedSerializer(serializers.Serializer[Any]):
    """What was imported."""

    cases = serializers.IntegerField()


@extend_schema_view(
    list=extend_schema(summary="List data sets"),
    retrieve=extend_schema(summary="Get a data set"),
    destroy=extend_schema(summary="Delete a data set", description="Delete it with its cases and evaluations."),
)
class DataSetViewSet(DestroyByAction, ReadViewSet):
    """Cases and scorers."""

    queryset = DataSet.objects.all()
    serializer_class = DataSetSerializer
    row_name = "data_set"
    filterset_fields = ("slug", "workflow", "agent", "crew")
    write_serializers = {"create": CreateDataSet, "partial_update": UpdateDataSet, "import_": ImportCases}
    permissions_of = {
        "import_": ["workflows.add_case", "workflows.change_case"],
        "export": ["workflows.view_dataset", "workflows.view_case"],
    }
    destroy_action = staticmethod(delete_data_set)

    def get_queryset(self) -> QuerySet[DataSet]:
        """Count the cases along."""
        rows: QuerySet[DataSet] = super().get_queryset()
        return rows.annotate(cases_count=Count("cases"))

    @extend_schema(summary="Create a data set", request=CreateDataSet, responses={201: DataSetSerializer})
    def create(self, request: Request) -> Response:
        """Create a data set without cases."""
        return self._shown(create_data_set(actor=actor_of(request), **self.validated()), status.HTTP_201_CREATED)

    @extend_schema(summary="Change a data set", request=UpdateDataSet, responses=DataSetSerializer)
    def partial_update(self, request: Request, **kwargs: Any) -> Response:
        """Change the fields that are given; evaluations at work keep the scorers that they began with."""
        given = self.validated(partial=True)
        return self._shown(update_data_set(actor=actor_of(request), data_set=self.get_object(), **given))

    @extend_schema(summary="Import cases", request=ImportCases, responses=ImportedSerializer)
    @action(detail=True, methods=["post"], url_path="import", url_name="import")
    def import_(self, request: Request, **kwargs: Any) -> Response:
        """Add the cases of a file, all or none; a refusal names each line that is wrong."""
        cases = import_cases(actor=actor_of(request), data_set=self.get_object(), **self.validated())
        return Response({"cases": len(cases)})

    @extend_schema(
        summary="Export the cases",
        parameters=[OpenApiParameter("form", enum=[JSONL, CSV], default=JSONL, description="What kind of file")],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR},
    )
    @action(detail=True)
    def export(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Give the cases as a file that can be imported again."""
        form = request.query_params.get("form", JSONL)
        if form not in MEDIA_TYPES:
            raise InvalidInput(
                "form: This is jsonl or csv.", details=[{"field": "form", "message": "This is jsonl or csv."}]
            )
        return case_file(self.get_object(), form)

    def _shown(self, row: DataSet, status: int = status.HTTP_200_OK) -> Response:
        return self.shown(self.get_queryset().get(pk=row.pk), status=status)


def case_file(data_set: DataSet, form: str) -> HttpResponse:
    """Return the answer that is the data set's cases as a file."""
    response = HttpResponse(write_cases(data_set.cases.order_by("name"), form), content_type=MEDIA_TYPES[form])
    response["Content-Disposition"] = content_disposition_header(True, f"{data_set.slug}.{form}") or "attachment"
    return response
