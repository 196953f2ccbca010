"""Where a checkpoint stands: the thread, the graph within it, the checkpoint."""

from __future__ import annotations

from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

from workflows.engine.checkpoints.errors import CheckpointRefused

# In bytes, so that together they fit into a row of an index.
LONGEST = {"thread_id": 250, "checkpoint_ns": 1500, "checkpoint_id": 100, "task_id": 200}


class Place(NamedTuple):
    """A thread, the namespace of a graph in it, and one checkpoint, or the newest (None)."""

    thread_id: str
    namespace: str
    checkpoint_id: str | None = None

    @property
    def config(self) -> RunnableConfig:
        """Return it as LangGraph names places."""
        return {
            "configurable": {
                "thread_id": self.thread_id, "checkpoint_ns": self.namespace, "checkpoint_id": self.checkpoint_id,
            }
        }  # fmt: skip


def place_of(config: RunnableConfig) -> Place:
    """Return where ``config`` points; raise CheckpointRefused for what cannot be a place."""
    named: dict[str, Any] = config.get("configurable") or {}
    if named.get("thread_id") is None:
        raise CheckpointRefused("A checkpoint needs a thread: give config['configurable']['thread_id'].")
    checkpoint_id = named.get("checkpoint_id") or None
    return Place(
        name("thread_id", named["thread_id"]),
        name("checkpoint_ns", named.get("checkpoint_ns", "")),
        checkpoint_id and name("checkpoint_id", checkpoint_id),
    )


def name(what: str, value: Any) -> str:
    """Return ``value`` as text that can be stored; raise CheckpointRefused."""
    text = str(value)
    if "\0" in text or not text.isprintable() or len(text.encode(errors="replace")) > LONGEST[what]:
        raise CheckpointRefused(f"{text[:80]!r} cannot be a {what}: at most {LONGEST[what]} bytes of printable text.")
    return text
