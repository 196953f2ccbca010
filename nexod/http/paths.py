"""Paths of rows on their host, worked out once for each kind of row: a page has fifty of them."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from django.urls import reverse

_NOBODY = str(UUID(int=0))


def path_to(name: str, pk: UUID) -> str:
    """Return the path of the route ``name`` for the row with that key."""
    return _template(name).replace(_NOBODY, str(pk))


@cache
def _template(name: str) -> str:
    return reverse(name, kwargs={"pk": _NOBODY})
