"""A watcher whose tenant goes away meanwhile finds out by a query that fails, and is told so instead of shown a fault of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.db import DatabaseError

from tenants.context import on_platform, tenant_of
from tenants.models import Tenant


@asynccontextmanager
async def watching(tenant: Tenant) -> AsyncIterator[None]:
    """Raise TenantUnknown or TenantSuspended for a failed query of a tenant that is not there, or not active, any more."""
    try:
        yield
    except DatabaseError:
        await on_platform(lambda: tenant_of(tenant.schema_name).require_active())
        raise
