"""The Celery door: a Celery task of ours runs inside the tenant that its message names, or not at all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from celery import Task
from django.db import DatabaseError

from nexod.kernel import scope
from nexod.kernel.errors import TenantRequired
from nexod.kernel.queue import REQUEST_HEADER, TENANT_HEADER
from tenants.context import enter_platform, enter_tenant, release_connections, tenant_of

if TYPE_CHECKING:
    from tenants.models import Tenant


REMEMBERED_S, MOST_REMEMBERED = 2.0, 1000


class _Remembered(NamedTuple):
    tenant: Tenant
    at: float


_tenants: dict[str, _Remembered] = {}


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
    """The base of every Celery task that touches a tenant.

    One that ``asks_a_door`` before all else hears from PostgreSQL whether its tenant may work: what was read of the tenant a
    moment ago will do for it.
    """

    abstract = True
    asks_a_door = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Enter the tenant of the message and run; raises TenantRequired, TenantUnknown or TenantSuspended before any work."""
        schema = self.header(TENANT_HEADER)
        if not schema:
            raise TenantRequired(f"{self.name} came without a tenant.")
        try:
            with enter_tenant(_remembered(schema) if self.asks_a_door else schema):
                return self.scoped(*args, **kwargs)
        except DatabaseError:
            if self.asks_a_door:
                _tenants.pop(schema, None)
                tenant_of(schema).require_active()
            raise
        finally:
            release_connections()


def _remembered(schema: str) -> Tenant:
    """Return the tenant, which was active at most REMEMBERED_S ago; raise TenantUnknown or TenantSuspended."""
    found = _tenants.get(schema)
    if found is None or found.at < time.monotonic() - REMEMBERED_S:
        tenant = tenant_of(schema)
        tenant.require_active()
        if len(_tenants) >= MOST_REMEMBERED:
            _tenants.clear()
        found = _tenants[schema] = _Remembered(tenant, time.monotonic())
    return found.tenant


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
