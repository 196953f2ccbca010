"""What searches by meaning are asked: ``?q=`` and ``?limit=``, read and described once for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from nexod.kernel.errors import InvalidInput

LONGEST_QUERY = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for, and how much of it is wanted."""

    query: str
    limit: int


def asked(request: Request, *, usual: int, most: int) -> Asked:
    """Return what the request asks; raise InvalidInput, which names the parameter."""
    query, limit = request.query_params.get("q", "").strip(), request.query_params.get("limit") or str(usual)
    if not 1 <= len(query) <= LONGEST_QUERY or "\0" in query:
        raise InvalidInput(details=[{"field": "q", "message": f"Give 1 to {LONGEST_QUERY} characters."}])
    if not (limit.isascii() and limit.isdigit() and len(limit) < 6 and 1 <= int(limit) <= most):
        raise InvalidInput(details=[{"field": "limit", "message": f"Give 1 to {most}."}])
    return Asked(query, int(limit))


def asking(*, usual: int, most: int, what: str = "") -> list[OpenApiParameter]:
    """Return how both are described; ``what`` is what the limit is of."""
    return [
        OpenApiParameter("q", str, required=True, description=f"At most {LONGEST_QUERY} characters"),
        OpenApiParameter("limit", int, description=f"{what}1 to {most}; {usual} if it is left out"),
    ]
