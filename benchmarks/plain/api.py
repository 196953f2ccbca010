"""The two views with REST framework's own means."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import path
from rest_framework import serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.reverse import reverse
from rest_framework.routers import SimpleRouter

from benchmarks.plain.models import Approval, Run, Step

TOTALS = ("tokens_in", "tokens_out", "cost_usd", "model_calls", "seconds")


class NewestFirst(CursorPagination):
    """Pages of fifty."""

    page_size, ordering = 50, ("-created_at", "-id")


class PersonSerializer(serializers.ModelSerializer[User]):
    """Who did something."""

    class Meta:
        model = User
        fields = ("id", "email", "first_name")


class TotalsSerializer(serializers.Serializer[Any]):
    """What was used."""

    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    model_calls = serializers.IntegerField()
    seconds = serializers.FloatField()


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run without its documents."""

    started_by = PersonSerializer(read_only=True)
    totals = TotalsSerializer(read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Run
        exclude: tuple[str, ...] = (*TOTALS, "definition", "inputs", "outputs")

    def get_url(self, run: Run) -> str:
        """Return where it is."""
        return reverse("run-detail", kwargs={"pk": run.pk})


class StepSerializer(serializers.ModelSerializer[Step]):
    """A step at work."""

    class Meta:
        model = Step
        fields = ("id", "node", "status")


class RunDetailSerializer(RunSerializer):
    """A run with its documents, its steps at work and what it asks."""

    current_steps = StepSerializer(many=True, read_only=True)
    pending_approvals = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        exclude = (*TOTALS, "definition")

    def get_pending_approvals(self, run: Any) -> list[int]:
        """Return their ids."""
        return [approval.pk for approval in run.asked]


class RunViewSet(viewsets.ReadOnlyModelViewSet[Run]):
    """A page of runs, and one."""

    queryset = Run.objects.select_related("started_by")
    pagination_class = NewestFirst
    filterset_fields = ("status", "kind", "workflow", "agent", "crew")

    def get_queryset(self) -> QuerySet[Run]:
        """Return no more of the rows than the action shows."""
        rows = super().get_queryset()
        if self.action == "list":
            return rows.defer("definition", "inputs", "outputs")
        steps = Prefetch("steps", Step.objects.filter(status="running").defer("output"), to_attr="current_steps")
        asked = Prefetch("approvals", Approval.objects.filter(status="pending"), to_attr="asked")
        return rows.defer("definition").prefetch_related(steps, asked)

    def get_serializer_class(self) -> type[RunSerializer]:
        """Return the short form for lists."""
        return RunSerializer if self.action == "list" else RunDetailSerializer


router = SimpleRouter(trailing_slash=False)
router.register("runs", RunViewSet)
urlpatterns = [*router.urls, path("health", lambda request: HttpResponse("ok"))]
