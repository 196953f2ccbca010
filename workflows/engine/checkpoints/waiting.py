"""Writes that wait for the checkpoint after them, so that both are one statement.

Only those of a task that is alone in its step: its checkpoint follows at once, and until then nothing would be gained by
having them. Whoever finishes early among several must not be forgotten when the process dies: it is written at once. So is
what no checkpoint follows: an error, an interrupt, a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP, Checkpoint

from workflows.engine.checkpoints.packing import Packed
from workflows.engine.checkpoints.places import Place
from workflows.engine.checkpoints.statements import NewWrites

MOST_PLACES = 1000
# As LangGraph's StateGraph names the channels that start nodes.
INPUT, TO_NODE, JOIN, SENDS = "__start__", "branch:to:", "join:", "__pregel_tasks"
PULLED = "~__pregel_pull"
AT_ONCE = {*WRITES_IDX_MAP, "__error_source_node__"}
Graph = tuple[str, str]


class Waiting:
    """What waits, by thread and graph. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._alone: dict[Graph, str] = {}
        self._writes: dict[Graph, list[NewWrites]] = {}

    def note(self, place: Place, checkpoint: Checkpoint) -> None:
        """Hear that the checkpoint is stored, and with it whether one task alone comes next."""
        if len(self._alone) >= MOST_PLACES:
            self._alone.clear()
        if starts_one_task(checkpoint):
            self._alone[place[:2]] = checkpoint["id"]
        else:
            self._alone.pop(place[:2], None)

    def may(self, place: Place, writes: Sequence[tuple[str, Any]], task_path: str) -> bool:
        """Say whether these writes can wait."""
        return (
            self.is_coming(place)
            and task_path.startswith(PULLED)
            and not any(channel in AT_ONCE for channel, _ in writes)
        )

    def is_coming(self, before: Place) -> bool:
        """Say whether the one task after that checkpoint has not told yet what it wrote."""
        alone = before.checkpoint_id is not None and self._alone.get(before[:2]) == before.checkpoint_id
        return alone and before[:2] not in self._writes

    def expect_none(self, place: Place) -> None:
        """Hear that something was stored at once: it may have been an interrupt, after which nobody knows what comes."""
        if self._alone.get(place[:2]) == place.checkpoint_id:
            del self._alone[place[:2]]

    def add(self, place: Place, writes: Sequence[NewWrites]) -> None:
        """Let them wait."""
        self._writes.setdefault(place[:2], []).extend(writes)

    def take(self, place: Place) -> list[NewWrites]:
        """Return what waited for a checkpoint of this graph."""
        return self._writes.pop(place[:2], [])

    def take_all(self) -> list[list[NewWrites]]:
        """Return everything that waits, by graph."""
        waited = list(self._writes.values())
        self._writes.clear()
        return waited


def in_row(waited: Sequence[NewWrites], before: Place, here: Place) -> tuple[Packed | None, Sequence[NewWrites]]:
    """Return what can stand in the row of the checkpoint ``here``, and what needs rows of its own.

    Whoever reads ``before`` looks for it in the newer rows that name it as their parent.
    """
    if len(waited) == 1 and waited[0].place == before and (before.checkpoint_id or "") < (here.checkpoint_id or ""):
        return waited[0].writes.packed, ()
    return None, waited


def starts_one_task(checkpoint: Checkpoint) -> bool:
    """Say whether the channels that this checkpoint changed start one task and no other; False when in doubt."""
    changed = checkpoint.get("updated_channels") or []
    if changed == [INPUT]:
        return True
    starts = [channel for channel in changed if channel.startswith((TO_NODE, JOIN)) or channel == SENDS]
    return len(starts) == 1 and starts[0].startswith(TO_NODE)
