"""Where LangGraph keeps its checkpoints: a saver of our own, inside the tenant's two walls."""

from __future__ import annotations

from langgraph.checkpoint.serde import _msgpack

# Ours decodes no type by its name; other parts of LangGraph do, and shall not.
if not _msgpack.STRICT_MSGPACK_ENABLED:
    raise RuntimeError(
        "LangGraph was imported without LANGGRAPH_STRICT_MSGPACK=true, so a checkpoint could call any code. "
        "Set it in the environment of this process."
    )

from workflows.engine.checkpoints.errors import (
    CheckpointOutdated,
    CheckpointRefused,
    CheckpointUnreadable,
)
from workflows.engine.checkpoints.opening import open_saver
from workflows.engine.checkpoints.saver import TenantSaver

__all__ = ["CheckpointOutdated", "CheckpointRefused", "CheckpointUnreadable", "TenantSaver", "open_saver"]
