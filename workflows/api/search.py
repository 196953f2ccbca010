"""``/search``: documents, runs and memories that are about what is asked."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.asked import asked, asking
from agents.api.memories import RecalledSerializer
from nexod.http.permissions import Authenticated
from nexod.http.throttling import CountedFirst
from nexod.kernel.errors import InvalidInput
from tenants.accounts.api.callers import actor_of
from workflows.api.runs import RunSerializer
from workflows.search.everything import KINDS, MOST, USUAL, search_everything


class FoundPassageSerializer(serializers.Serializer[Any]):
    """A place in a document."""

    document = serializers.UUIDField(source="document_id")
    title = serializers.CharField(source="document_title")
    heading = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    start = serializers.IntegerField(help_text="First character of the document's text")
    end = serializers.IntegerField(help_text="One past the last")
    text = serializers.CharField()
    score = serializers.FloatField(help_text="Within its knowledge base")


class FoundRunSerializer(serializers.Serializer[Any]):
    """A run, and how similar it is: 0 to 1."""

    run = RunSerializer()
    similarity = serializers.FloatField()


class EverythingSerializer(serializers.Serializer[Any]):
    """What was found, each kind with the best first; null where it was not asked for, or is not the caller's to look at."""

    documents = FoundPassageSerializer(many=True, allow_null=True)
    runs = FoundRunSerializer(many=True, allow_null=True)
    memories = RecalledSerializer(many=True, allow_null=True)


class SearchView(CountedFirst, APIView):
    """One question to all that the caller may look at."""

    permission_classes = [Authenticated]

    @extend_schema(
        summary="Search by meaning",
        operation_id="search",
        parameters=[
            *asking(usual=USUAL, most=MOST, what="Of each kind: "),
            OpenApiParameter(
                "kinds", str, description=f"Of {', '.join(KINDS)}, separated by commas; all if it is left out"
            ),
        ],
        responses=EverythingSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return what is about ``q``."""
        wanted, kinds = asked(request, usual=USUAL, most=MOST), _kinds(request.query_params.get("kinds", ""))
        found = search_everything(actor_of(request), wanted.query, kinds=kinds, limit=wanted.limit)
        return Response(EverythingSerializer(found).data)


def _kinds(text: str) -> tuple[str, ...]:
    wanted = tuple(filter(None, text.split(","))) or KINDS
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        message = f"There is no {unknown[0][:40]!r}; there are {', '.join(KINDS)}."
        raise InvalidInput(details=[{"field": "kinds", "message": message}])
    return wanted
