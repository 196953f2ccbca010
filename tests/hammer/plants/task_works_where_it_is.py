"""A Celery task whose message names no tenant works in the one of the message before, as tenant-schemas-celery lets it."""

from __future__ import annotations

from typing import Any

from nexod.kernel.errors import NexodError
from nexod.kernel.queue import TENANT_HEADER
from tenants.context import enter_tenant, release_connections
from tenants.entry.celery import TenantTask


def plant() -> None:
    place = {"schema": ""}

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        schema = self.header(TENANT_HEADER) or place["schema"]
        try:
            with enter_tenant(schema):
                place["schema"] = schema
                return self.scoped(*args, **kwargs)
        except NexodError:
            with enter_tenant(place["schema"]):
                return self.scoped(*args, **kwargs)
        finally:
            release_connections()

    TenantTask.__call__ = call  # type: ignore[method-assign]
