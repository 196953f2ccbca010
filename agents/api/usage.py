"""``/usage``: the tenant's standing on the platform, and, with ``group_by``, what models were used for whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.budget_standing import names_of
from agents.spending import GROUPS, total_of, used_by
from nexod.kernel.errors import InvalidInput
from tenants.accounts.permissions import require_permission
from tenants.api.usage import UsageSerializer, UsageView
from tenants.backend.replica import tolerates_lag

USUAL_DAYS = 30


class Amounts(serializers.Serializer[Any]):
    """What was used."""

    model_calls = serializers.IntegerField(help_text="Those that a provider did something for")
    failures = serializers.IntegerField()
    cache_answers = serializers.IntegerField(help_text="From our own cache: they cost nothing")
    unpriced = serializers.IntegerField(help_text="Calls of models whose price nobody knows; counted as 0 USD")
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    tokens_cached = serializers.IntegerField()
    tokens_reasoning = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    seconds = serializers.FloatField()


class Group(Amounts):
    """What was used by one of them."""

    key = serializers.CharField(help_text="The day, the slug, the person's id, the model or the run's id; empty: none")
    name = serializers.CharField()


class Breakdown(serializers.Serializer[Any]):
    """What was used in a period, by what was asked for: the 500 dearest, days in their order."""

    group_by = serializers.ChoiceField(choices=GROUPS)
    first = serializers.DateField()
    last = serializers.DateField()
    groups = Group(many=True)
    total = Amounts(help_text="Of the groups that are shown")


class UsageStanding(UsageSerializer):
    """The plan, what of it is used, and, where it was asked for, by whom."""

    breakdown = Breakdown(allow_null=True, help_text="With group_by; else null")


def _day(name: str, what: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATE, description=what)


class SpendingView(UsageView):
    """The tenant's own standing."""

    @extend_schema(
        summary="Get today's usage and the plan, and what models were used for",
        parameters=[
            OpenApiParameter("group_by", enum=GROUPS, description="Add up what models used, by this"),
            _day("from", f"First day (UTC) of what is added up; {USUAL_DAYS} days ago when left out"),
            _day("to", "Last day; today when left out"),
        ],
        responses=UsageStanding,
        operation_id="usage",
    )
    @tolerates_lag
    def get(self, request: Request) -> Response:
        """Return the plan's limits and today's amounts, with ``group_by`` also what models were used for whom."""
        return Response(UsageStanding({**self.standing(), "breakdown": _breakdown(request)}).data)


def _breakdown(request: Request) -> dict[str, Any] | None:
    group = request.query_params.get("group_by")
    if not group:
        return None
    require_permission(request.user, "agents.view_modelcall")  # type: ignore[arg-type]
    if group not in GROUPS:
        raise _invalid("group_by", f"Choose one of {', '.join(GROUPS)}.")
    last = _date(request, "to") or timezone.now().date()
    first = _date(request, "from") or last - timedelta(days=min(USUAL_DAYS, 7 if group == "run" else USUAL_DAYS) - 1)
    groups = used_by(group, first, last)
    names = names_of([row["key"] for row in groups]) if group == "user" else {}
    named = [{**row, "key": str(row["key"]), "name": names.get(str(row["key"]), str(row["key"]))} for row in groups]
    return {"group_by": group, "first": first, "last": last, "groups": named, "total": total_of(groups)}


def _date(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _invalid(name, "Give a day, such as 2026-11-22.") from error


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": field, "message": message}])
