"""``GET /runs/{id}/watchers``: who watches the run now."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from nexod.http.permissions import Authenticated
from nexod.http.throttling import CountedFirst
from tenants.accounts.api.callers import actor_of
from tenants.accounts.models import ApiKey
from tenants.context import current_tenant
from workflows import live
from workflows.audience import viewers


class WatcherSerializer(serializers.Serializer[Any]):
    """A person."""

    user = serializers.UUIDField()
    name = serializers.CharField()


class WatchersSerializer(serializers.Serializer[Any]):
    """Everybody who watches, in one page."""

    results = WatcherSerializer(many=True)
    more = serializers.IntegerField(help_text="How many others there are")


class WatchersView(CountedFirst, APIView):
    """For whoever may watch the run."""

    permission_classes = [Authenticated]

    @extend_schema(summary="List who watches a run", responses=WatchersSerializer, operation_id="run_watchers")
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return each person once, however many pages they have open."""
        run = live.admit(actor_of(request), cast(ApiKey | None, request.auth), run_id)
        found = viewers(current_tenant().pk, run.pk)
        return Response(WatchersSerializer({"results": found["people"], "more": found["more"]}).data)
