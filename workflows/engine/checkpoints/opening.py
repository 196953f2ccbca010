"""The door to a tenant's checkpoints."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack
from types import TracebackType

from tenants.backend.raw import tenant_connection
from tenants.context import tenant_of
from tenants.models import Tenant
from workflows.engine.checkpoints.saver import TenantSaver


class Opening(AbstractContextManager[TenantSaver], AbstractAsyncContextManager[TenantSaver]):
    """Holds one connection, behind both walls, from entry to exit."""

    def __init__(self, tenant: Tenant | str) -> None:
        self._tenant = tenant
        self._stack = ExitStack()

    def __enter__(self) -> TenantSaver:
        tenant = tenant_of(self._tenant) if isinstance(self._tenant, str) else self._tenant
        with self._stack as stack:
            saver = TenantSaver(stack.enter_context(tenant_connection(tenant)))
            stack.callback(saver.close)
            self._stack = stack.pop_all()
        return saver

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    async def __aenter__(self) -> TenantSaver:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)


def open_saver(tenant: Tenant | str) -> Opening:
    """Return a saver for ``with`` and for ``async with``: LangGraph's checkpoints in the tenant's schema, under its role.

    ``tenant`` is a row or the name of a schema. Entering raises TenantUnknown, TenantSuspended or ConnectionsExhausted.
    """
    return Opening(tenant)
