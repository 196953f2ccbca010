"""``/usage``: what this tenant used today, and what its plan allows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nexod.http.permissions import Authenticated
from tenants import doors
from tenants.backend.replica import tolerates_lag
from tenants.models import UsageRecord


class PlanSerializer(serializers.Serializer[Any]):
    """Limits; 0 means none."""

    name = serializers.CharField()
    runs_per_day = serializers.IntegerField()
    runs_at_once = serializers.IntegerField()
    tokens_per_day = serializers.IntegerField()
    tokens_per_month = serializers.IntegerField()
    cost_usd_per_month = serializers.FloatField()
    storage_mb = serializers.IntegerField()


class UsageSerializer(serializers.Serializer[Any]):
    """The plan and what of it is used."""

    plan = PlanSerializer()
    today = serializers.DictField(
        child=serializers.FloatField(), help_text=f"By metric, today (UTC): {', '.join(UsageRecord.Metric.values)}"
    )
    runs_at_once = serializers.IntegerField(help_text="Queued or at work now")
    storage_bytes = serializers.FloatField()


class UsageView(APIView):
    """One object: the tenant's own standing."""

    permission_classes = [Authenticated]

    @extend_schema(summary="Get today's usage and the plan", responses=UsageSerializer, operation_id="usage")
    @tolerates_lag
    def get(self, request: Request) -> Response:
        """Return the plan's limits, today's amounts by metric (0 when nothing was used), runs at work and storage."""
        return Response(UsageSerializer(self.standing()).data)

    @staticmethod
    def standing() -> dict[str, Any]:
        """Return what ``UsageSerializer`` shows."""
        standing = doors.standing()
        standing["today"] = {metric: standing["today"].get(metric, 0) for metric in UsageRecord.Metric.values}
        return standing
