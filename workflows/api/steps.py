"""``/runs/{id}/steps``: what a run has done, newest first."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from nexod.http.viewsets import ReadViewSet
from workflows.api.fields import OptionalChoice, ReasonSerializer, StoredObject, TotalsSerializer
from workflows.models import Approval, Effect, Run, Step


class StepSerializer(serializers.ModelSerializer[Step]):
    """One execution of one node, without what went in and came out."""

    totals = TotalsSerializer(read_only=True)
    error = ReasonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Step
        fields = [
            "id", "node", "node_type", "title", "visit", "attempt", "status", "route", "summary", "error",
            "retry_at", "superseded", "undoes", "totals", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class EffectSerializer(serializers.ModelSerializer[Effect]):
    """What a step did outside of Nexod, or a model that it asked; what was sent is not kept."""

    error = ReasonSerializer(read_only=True, allow_null=True)
    answer = OptionalChoice(Approval.Decision, help_text="What a person said of one whose outcome was unknown")
    result_excerpt = serializers.CharField(
        source="excerpt", read_only=True, allow_null=True, help_text="The first 2,000 characters of its result, as JSON"
    )

    class Meta:
        model = Effect
        fields = [
            "id", "kind", "name", "about", "status", "idempotent", "begun", "answer", "error", "result_excerpt",
            "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class StepDetailSerializer(StepSerializer):
    """One execution of one node, with all of it."""

    inputs = StoredObject()
    output = StoredObject(allow_null=True)
    effects = EffectSerializer(many=True, read_only=True, help_text="What it did outside, and the models that it asked")

    class Meta(StepSerializer.Meta):
        fields = [*StepSerializer.Meta.fields, "inputs", "output", "effects"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(summary="List the steps of a run"),
    retrieve=extend_schema(summary="Get a step with its inputs and output"),
)
class StepViewSet(ReadViewSet):
    """A step belongs to its run: under another run's address it does not exist."""

    queryset = Step.objects.all()
    filter_backends = []

    def get_queryset(self) -> QuerySet[Step]:
        """Return the run's steps; raises Http404 without the run."""
        steps = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return steps
        steps = steps.filter(run=get_object_or_404(Run.objects.only("id"), pk=self.kwargs["run_id"]))
        if self.action == "list":
            return steps.defer("inputs", "output")
        return steps.prefetch_related(Prefetch("effects", Effect.objects.excerpted()))

    def get_serializer_class(self) -> type[StepSerializer]:
        """Return the short form for lists."""
        return StepSerializer if self.action == "list" else StepDetailSerializer
