"""``/model-calls``: every call that was made, or tried, newest first."""

from __future__ import annotations

import django_filters as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from agents.models import ModelCall
from nexod.http.viewsets import ReadViewSet


class ModelCallSerializer(serializers.ModelSerializer[ModelCall]):
    """One try at one answer: for whom, with what, how much."""

    cost_usd = serializers.FloatField()

    class Meta:
        model = ModelCall
        fields = [
            "id", "created_at", "run", "step", "node", "agent", "workflow", "user", "connection", "model",
            "knowledge_base", "outcome", "error", "tokens_in", "tokens_out", "tokens_cached", "tokens_reasoning", "cost_usd",
            "price_known", "estimated", "seconds", "first_token_s",
        ]  # fmt: skip
        read_only_fields = fields


class ModelCallFilter(filters.FilterSet):
    """Of what, and when."""

    run = filters.UUIDFilter()
    step = filters.UUIDFilter()
    agent = filters.CharFilter()
    workflow = filters.CharFilter()
    user = filters.CharFilter()
    connection = filters.CharFilter()
    model = filters.CharFilter()
    knowledge_base = filters.CharFilter()
    outcome = filters.ChoiceFilter(choices=ModelCall.Outcome.choices)
    error = filters.CharFilter()
    after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = ModelCall
        fields = ()


@extend_schema_view(list=extend_schema(summary="List model calls"), retrieve=extend_schema(summary="Get a model call"))
class ModelCallViewSet(ReadViewSet):
    """What was used is written by the run's own commit; nobody writes it here."""

    queryset = ModelCall.objects.all()
    serializer_class = ModelCallSerializer
    filterset_class = ModelCallFilter
