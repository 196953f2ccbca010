"""``/budgets``: limits that calls are held to before they are made, and how they stand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from agents.actions import budgets
from agents.budget_standing import windows_of, with_fullest
from agents.models import Budget, BudgetRaise
from nexod.http.serializers import Closed
from nexod.http.viewsets import ActionViewSet
from tenants.accounts.api.serializers import PersonSerializer

RAISES_SHOWN = 50


class Amount(serializers.FloatField):
    """A number of the API, and a decimal of the database: floats cannot count money."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the number to a millionth."""
        return Decimal(str(round(super().to_internal_value(data), 6)))


class WindowSerializer(serializers.Serializer[Any]):
    """What one subject used in one period that runs."""

    subject = serializers.CharField(help_text="Slug of the agent or workflow, id of the person; empty: the workspace")
    name = serializers.CharField()
    period = serializers.CharField(help_text="The day, the month, the id of the run; empty: all time")
    used = serializers.FloatField()
    held = serializers.FloatField(help_text="By calls at work")


class RaiseSerializer(serializers.ModelSerializer[BudgetRaise]):
    """Somebody allowed more."""

    by = PersonSerializer(read_only=True, allow_null=True)
    amount = serializers.FloatField(help_text="On top; below zero the limit was lowered")
    limit = serializers.FloatField()

    class Meta:
        model = BudgetRaise
        fields = ["id", "created_at", "by", "run", "amount", "limit", "comment"]
        read_only_fields = fields


class BudgetSerializer(Closed, serializers.ModelSerializer[Budget]):
    """A budget as it is shown and written. ``used`` and ``held`` are those of the fullest of its windows now."""

    limit = Amount(min_value=0, max_value=1e9, help_text="In the unit; a millionth is the smallest part")
    used = serializers.FloatField(read_only=True, default=0.0)
    held = serializers.FloatField(read_only=True, default=0.0)

    class Meta:
        model = Budget
        fields: tuple[str, ...] = (
            "id", "name", "scope", "whom", "unit", "limit", "period", "on_exceeding", "warn_at", "is_active", "used",
            "held", "created_at", "updated_at",
        )  # fmt: skip


class BudgetDetailSerializer(BudgetSerializer):
    """A budget with its windows now and with who allowed more."""

    windows = serializers.SerializerMethodField()
    raises = serializers.SerializerMethodField()

    class Meta(BudgetSerializer.Meta):
        fields = (*BudgetSerializer.Meta.fields, "windows", "raises")

    @extend_schema_field(WindowSerializer(many=True))
    def get_windows(self, budget: Budget) -> Any:
        """Return the fullest windows that run."""
        return WindowSerializer(windows_of(budget), many=True).data

    @extend_schema_field(RaiseSerializer(many=True))
    def get_raises(self, budget: Budget) -> Any:
        """Return the newest raises."""
        return RaiseSerializer(budget.raises.select_related("by")[:RAISES_SHOWN], many=True).data


@extend_schema_view(
    list=extend_schema(summary="List budgets"),
    retrieve=extend_schema(summary="Get a budget, its windows and its raises"),
)
class BudgetViewSet(ActionViewSet):
    """Scope, whom, unit and period of a budget stay what they were: what it counted would mean something else."""

    queryset = Budget.objects.all()
    serializer_class = BudgetSerializer
    write_serializer_class = BudgetSerializer
    filterset_fields = ("scope", "whom", "unit", "period", "on_exceeding", "is_active")
    create_action = staticmethod(budgets.create_budget)
    update_action = staticmethod(budgets.update_budget)
    destroy_action = staticmethod(budgets.delete_budget)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the budgets with how they stand."""
        return with_fullest(super().get_queryset())

    def get_serializer_class(self) -> type[BudgetSerializer]:
        """Return the long form for one budget."""
        return BudgetDetailSerializer if self.action == "retrieve" else BudgetSerializer
