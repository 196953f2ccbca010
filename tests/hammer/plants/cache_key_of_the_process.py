"""Cache keys carry the schema that the connection was in last, as django-tenants' own ``make_key`` reads it.

The connection belongs to a thread, and on the event loop all tenants' views share one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.cache import caches

from tenants import cache
from tenants.context import Place
from tenants.entry import http


def plant() -> None:
    entered, connection = http._entered, {"schema": "public"}

    def entering(request: Any, place: Place) -> Any:
        connection["schema"] = place.schema
        return entered(request, place)

    http._entered = entering
    cache.key = lambda name, prefix, version: f"{prefix}:{connection['schema']}:{version}:{name}"
    with suppress(AttributeError):  # one that was made before has the true function
        del caches["default"]
