"""Pages by cursor: newest first, by (created_at, id), so that rows that come or go never shift a page.

A cursor is signed: one of another tenant's, or of another list, is refused.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from nexod.kernel.errors import InvalidInput
from nexod.kernel.signing import sign, unsign


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: just beyond ``(at, pk)``, towards older rows or back to newer ones."""

    at: datetime
    pk: str
    back: bool = False

    def encode(self, model: type[Model]) -> str:
        """Return it as text for the URL of a list of ``model``."""
        text = json.dumps([self.at.isoformat(), self.pk, int(self.back)])
        return sign(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="), purpose=_purpose(model))

    @classmethod
    def decode(cls, text: str, model: type[Model]) -> Cursor:
        """Return the cursor that ``encode`` wrote for a row of ``model``; raise InvalidInput for anything else."""
        try:
            plain = unsign(text, purpose=_purpose(model))
            at, pk, back = json.loads(base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)))
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError("A moment without a time zone.")
            return cls(moment, str(model._meta.pk.to_python(pk)), bool(back))
        except Exception as error:  # decoders of bytes, text, JSON, dates and keys each raise their own
            raise InvalidInput("The cursor is not one that this list gave.", details=_about("cursor")) from error


class NewestFirst(BasePagination):
    """``?limit=`` (at most ``largest``) and ``?cursor=``; the answer is ``{"results", "next", "previous"}``."""

    usual, largest = 50, 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the asked page; raise InvalidInput for a bad cursor or limit."""
        self.request, self.model, limit = request, queryset.model, self._limit(request)
        given = request.query_params.get("cursor")
        cursor = Cursor.decode(given, queryset.model) if given else None
        back = cursor is not None and cursor.back
        sign = "" if back else "-"
        found = list(beyond(queryset, cursor).order_by(f"{sign}created_at", f"{sign}pk")[: limit + 1])
        more, rows = len(found) > limit, found[:limit]
        if back:
            rows.reverse()
        older, newer = (True, more) if back else (more, cursor is not None)
        self._next = Cursor(rows[-1].created_at, str(rows[-1].pk)) if rows and older else None
        self._previous = Cursor(rows[0].created_at, str(rows[0].pk), back=True) if rows and newer else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with links to its neighbours."""
        return Response({"results": data, "next": self._link(self._next), "previous": self._link(self._previous)})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the page's schema for OpenAPI."""
        link = {"type": ["string", "null"], "format": "uri-reference"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the query parameters for OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": self.largest, "default": self.usual}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "From a page's next or previous",
                "schema": {"type": "string"},
            },
            {"name": "limit", "in": "query", "description": "Rows on a page", "schema": limit},
        ]

    def _limit(self, request: Request) -> int:
        given = request.query_params.get("limit") or str(self.usual)
        if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) > 0):
            raise InvalidInput("The limit is not a positive number.", details=_about("limit"))
        return min(int(given), self.largest)

    def _link(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        return str(replace_query_param(self.request.get_full_path(), "cursor", cursor.encode(self.model)))


def _purpose(model: type[Model]) -> str:
    return f"cursor of {model._meta.label_lower}"


def beyond(queryset: QuerySet[Any], cursor: Cursor | None) -> QuerySet[Any]:
    """Return the rows on the cursor's side of it, in no order yet; without one all."""
    if cursor is None:
        return queryset
    side = "gt" if cursor.back else "lt"
    # The first filter alone could use the index; the second alone could not.
    return queryset.filter(**{f"created_at__{side}e": cursor.at}).filter(
        Q(**{f"created_at__{side}": cursor.at}) | Q(**{f"pk__{side}": cursor.pk})
    )


def _about(field: str) -> list[dict[str, str]]:
    return [{"field": field, "message": "is not valid"}]
