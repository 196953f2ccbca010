"""Where LangGraph keeps its checkpoints: PostgresSaver on a connection of its own, inside the tenant's two walls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde import _msgpack

from tenants.backend.raw import tenant_connection
from tenants.models import Tenant

if not _msgpack.STRICT_MSGPACK_ENABLED:
    raise RuntimeError(
        "LangGraph was imported without LANGGRAPH_STRICT_MSGPACK=true, so a checkpoint could call any code. "
        "Set it in the environment of this process."
    )


class Checkpoints(PostgresSaver):
    """Stores where the graph is when a stretch ends, and nothing between: what a node gave is in its Step row by then.

    A run that goes on from a checkpoint comes to its nodes again; those whose step was committed give what the row says
    (``step.perform``), and an approval is asked for where its row says so.
    """

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store nothing."""


@contextmanager
def checkpoints(tenant: Tenant) -> Iterator[PostgresSaver]:
    """Give a saver whose tables are the tenant's; each of its writes commits by itself."""
    with tenant_connection(tenant) as connection:
        yield Checkpoints(connection)
