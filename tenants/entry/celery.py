"""The Celery door: a Celery task of ours runs inside the tenant that its message names, or not at all."""

from __future__ import annotations

from typing import Any

from celery import Task

from nexod.kernel import scope
from nexod.kernel.errors import TenantRequired
from nexod.kernel.queue import REQUEST_HEADER, TENANT_HEADER
from tenants.context import enter_platform, enter_tenant, release_connections


class _ScopedTask(Task):  # type: ignore[type-arg]
    """Carries the request id over and gives the thread's connection back afterwards."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True

    def header(self, name: str) -> str:
        """Return a header of the message; Celery puts them into the request or its ``headers``."""
        found = self.request.get(name) or (self.request.headers or {}).get(name)
        return found if isinstance(found, str) else ""

    def scoped(self, *args: Any, **kwargs: Any) -> Any:
        with scope.bound(scope.request_id, self.header(REQUEST_HEADER)):
            return super().__call__(*args, **kwargs)


class TenantTask(_ScopedTask):
    """The base of every Celery task that touches a tenant."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Enter the tenant of the message and run; raises TenantRequired, TenantUnknown or TenantSuspended before any work."""
        schema = self.header(TENANT_HEADER)
        if not schema:
            raise TenantRequired(f"{self.name} came without a tenant.")
        try:
            with enter_tenant(schema):
                return self.scoped(*args, **kwargs)
        finally:
            release_connections()


class PlatformTask(_ScopedTask):
    """The base of every Celery task of the public plane."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Enter the public plane and run."""
        try:
            with enter_platform():
                return self.scoped(*args, **kwargs)
        finally:
            release_connections()
