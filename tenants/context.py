"""The only place that enters a tenant. Where code works is a ContextVar; the database backend obeys it at every cursor.

A ContextVar follows the work into threads and coroutines (asgiref, LangGraph and ``copy_context`` carry it along), so nothing that
two requests share, a connection or a thread, can carry one tenant's place into another's work. No place: no database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from django.db import connections

from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput, NotFound, PermissionDenied, TenantRequired

if TYPE_CHECKING:
    from tenants.models import Tenant

P = ParamSpec("P")
R = TypeVar("R")
PLATFORM_SCHEMA = "public"
TEMPLATE_SCHEMA = "t_template"
SCHEMA_NAME = re.compile(r"t_[a-z0-9]{1,40}\Z")


class TenantSuspended(PermissionDenied):
    """This workspace is suspended. Its administrators can ask the platform's staff for the reason."""

    code = "tenant_suspended"


class TenantUnknown(NotFound):
    """There is no such workspace."""

    code = "tenant_unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """Where code works: a schema, and the tenant whose schema it is (None on the platform plane).

    Every entry makes a place of its own, by which the backend tells it from the one before, of the same schema or not.
    """

    schema: str
    tenant: Tenant | None = None


PLATFORM = Place(PLATFORM_SCHEMA)
_place: ContextVar[Place | None] = ContextVar("place", default=None)


def here() -> Place | None:
    """Return where the running code works; None is nowhere, and nowhere has no database."""
    return _place.get()


def current_tenant() -> Tenant:
    """Return the tenant that the running code works for; raise TenantRequired outside of one."""
    place = _place.get()
    if place is None or place.tenant is None:
        raise TenantRequired
    return place.tenant


@contextmanager
def enter_tenant(tenant: Tenant | str) -> Iterator[Tenant]:
    """Work for ``tenant`` (a row, or a schema name) inside the block.

    Raises TenantUnknown, TenantSuspended, or InvalidInput for what is no schema name.
    """
    found = tenant_of(tenant) if isinstance(tenant, str) else tenant
    found.require_active()
    with _enter(Place(found.schema_name, found)), scope.bound(scope.tenant, found.schema_name):
        yield found


@contextmanager
def enter_platform() -> Iterator[None]:
    """Work on the public plane inside the block."""
    with _enter(Place(PLATFORM_SCHEMA)), scope.bound(scope.tenant, ""):
        yield


@contextmanager
def enter_schema_as_owner(schema: str) -> Iterator[None]:
    """Migrate or provision ``schema`` over the ``owner`` connection; needs no active tenant."""
    if schema != PLATFORM_SCHEMA:
        require_schema_name(schema)
    with _enter(Place(schema)):
        yield


@contextmanager
def _enter(place: Place) -> Iterator[None]:
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def require_schema_name(name: str) -> str:
    """Return ``name`` when it can be a tenant's schema; raise InvalidInput otherwise."""
    if not SCHEMA_NAME.match(name):
        raise InvalidInput(f"{name[:80]!r} is not the name of a tenant's schema.")
    return name


def tenant_of(schema: str) -> Tenant:
    """Return the tenant whose schema this is; raise TenantUnknown."""
    from tenants.models import Tenant

    require_schema_name(schema)
    with enter_platform():
        found = Tenant.objects.filter(schema_name=schema).first()
    if found is None:
        raise TenantUnknown
    return found


def release_connections() -> None:
    """Give this thread's connections back to their pool, unless a transaction of the caller's is open on them."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


async def _in_thread(work: Callable[[], R]) -> R:
    return await asyncio.get_running_loop().run_in_executor(None, copy_context().run, work)


async def in_tenant(tenant: Tenant | str, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the synchronous ``work`` in a thread, inside ``tenant``, and give its connection back: the only ORM for async code.

    A row says what the tenant was when it was read; a schema name asks anew whether the tenant may still work.
    """

    def hop() -> R:
        try:
            with enter_tenant(tenant):
                return work(*args, **kwargs)
        finally:
            release_connections()

    return await _in_thread(hop)


async def on_platform(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the synchronous ``work`` in a thread, on the public plane, and give its connection back."""

    def hop() -> R:
        try:
            with enter_platform():
                return work(*args, **kwargs)
        finally:
            release_connections()

    return await _in_thread(hop)
