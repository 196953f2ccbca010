"""Chunks over the API: read only, in the order of their document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from agents.models import Chunk
from nexod.http.pagination import NewestFirst
from nexod.kernel.errors import InvalidInput


class ChunkSerializer(serializers.ModelSerializer[Chunk]):
    """A piece of a document and where it stands in its text."""

    class Meta:
        model = Chunk
        fields = ("id", "ordinal", "heading", "page", "start", "end", "text", "content_hash")
        read_only_fields = fields


class ByPlace(NewestFirst):
    """Pages of chunks, onwards only: the cursor is the ordinal to begin with."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the asked page; raise InvalidInput for a bad cursor or limit."""
        self.request, limit = request, self._limit(request)
        cursor = request.query_params.get("cursor") or "0"
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise InvalidInput("The cursor is not one that this list gave.")
        rows = list(queryset.filter(ordinal__gte=int(cursor)).order_by("ordinal")[: limit + 1])
        self._following = rows[limit].ordinal if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with a link to the following one."""
        here = self.request.get_full_path()
        following = None if self._following is None else replace_query_param(here, "cursor", str(self._following))
        return Response({"results": data, "next": following, "previous": None})
