"""Where LangGraph keeps its checkpoints: PostgresSaver on a connection of its own, inside the tenant's two walls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde import _msgpack

from tenants.backend.raw import tenant_connection
from tenants.models import Tenant

if not _msgpack.STRICT_MSGPACK_ENABLED:
    raise RuntimeError(
        "LangGraph was imported without LANGGRAPH_STRICT_MSGPACK=true, so a checkpoint could call any code. "
        "Set it in the environment of this process."
    )


@contextmanager
def checkpoints(tenant: Tenant) -> Iterator[PostgresSaver]:
    """Give a saver whose tables are the tenant's; each of its writes commits by itself."""
    with tenant_connection(tenant) as connection:
        yield PostgresSaver(connection)
