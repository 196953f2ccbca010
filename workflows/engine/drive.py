"""One stretch of a run's way: from a claim until the run is parked or over. Shared by the threads that work in it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from nexod.kernel.events import Event
from tenants.context import release_connections
from workflows.actions.callbacks import callback_address
from workflows.actions.events import append_events
from workflows.actions.statements import Along, Insertion
from workflows.engine.held import Held
from workflows.engine.plan import Plan
from workflows.engine.races import Races
from workflows.engine.reins import Reins
from workflows.errors import OutputNotJson, StateTooLarge
from workflows.json_text import json_text
from workflows.models import Run, Step

if TYPE_CHECKING:
    from workflows.engine.beside import Company

Json = dict[str, Any]


@dataclass(slots=True)
class Drive:
    """What the steps of one stretch share: the run, what may stop it, and the steps that exist already."""

    run: Run
    reins: Reins
    fence: int
    is_new: bool = False
    nodes: Sequence[str] = ()
    callbacks: Sequence[str] = ()
    plan: Plan | None = None
    races: Races | None = None
    company: Company | None = None
    known: dict[tuple[str, int], Step] = field(default_factory=dict)
    began_at: float = field(default_factory=time.monotonic)
    steps_done: int = 0
    failure: Exception | None = None
    held: Held | None = None
    # Whether a step may be at work or wait, or somebody be asked.
    is_open: bool = field(init=False)
    _thread: int = field(default_factory=threading.get_ident)
    _sizes: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def run_id(self) -> UUID:
        """Return the run's id."""
        return self.run.id

    @property
    def seconds(self) -> float:
        """Return how long this stretch has lasted."""
        return time.monotonic() - self.began_at

    def release(self) -> None:
        """Give a branch's connection back; the driving thread keeps its own for the next step."""
        if threading.get_ident() != self._thread:
            release_connections()

    def __post_init__(self) -> None:
        self.is_open = not self.is_new

    def write(self, told: Sequence[Event], along: Sequence[Along] = ()) -> None:
        """Write what is held, and then these, in one statement; raise RunLost when the run is another worker's."""
        if self.reins.lost:
            self.reins.check()
        first, rows = self.held.take() if self.held else ([], [])
        if told or first:
            append_events(self.run.id, [*first, *told], along=[*rows, *along], fence=self.fence)

    def write_soon(self, told: Sequence[Event], along: Sequence[Along]) -> None:
        """Write these with what comes next, where the definition allows that, else at once."""
        if self.held is None:
            self.write(told, along)
        elif self.held.add(told, along):
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        self.write(())

    def take_held(self) -> tuple[list[Event], list[Insertion]]:
        """Return what is held, to be written at the run's end; what changes rows that are there is written by itself before."""
        if self.held is None:
            return [], []
        told, along = self.held.take()
        rows = [one for one in along if isinstance(one, Insertion)]
        if len(rows) < len(along):
            append_events(self.run.id, told, along=along, fence=self.fence)
            return [], []
        return told, rows

    def unneeded(self, node: str) -> bool:
        """Say whether nobody needs what the node's branch gives any more."""
        return self.races is not None and self.races.unneeded(node)

    def count_step(self) -> None:
        """Note that a step was executed, for the tenant's usage."""
        with self._lock:
            self.steps_done += 1

    def note_failure(self, error: Exception) -> None:
        """Keep the first error: it is the run's reason, whatever the other branches raise when they are stopped."""
        with self._lock:
            self.failure = self.failure or error

    def values(self, state: Json, node: str, visit: int) -> Json:
        """Return what templates and expressions of ``node`` see; ``visits`` has every node, this visit counted."""
        visits = {**dict.fromkeys(self.nodes, 0), **state.get("visits", {}), node: visit}
        run: Json = {"id": str(self.run.id), "title": self.run.title, "kind": self.run.kind}
        if self.callbacks:
            run["callbacks"] = {name: callback_address(self.run.id, name) for name in self.callbacks}
        return {"inputs": state["inputs"], "nodes": state.get("nodes", {}), "visits": visits, "run": run}

    def admit(self, node: str, output: Json, nodes: Json) -> Json:
        """Return the output as it is stored and read again.

        Raises OutputNotJson, or StateTooLarge when it does not fit beside the other ``nodes``' outputs.
        """
        try:
            text = json_text(output)
        except (TypeError, ValueError, RecursionError) as error:
            raise OutputNotJson(f"The node {node!r} gave something that is not JSON: {error}") from error
        limit: int = settings.NEXOD_MAX_STATE_BYTES
        with self._lock:
            for name in nodes.keys() - self._sizes.keys():
                self._sizes[name] = len(json_text(nodes[name]))
            others = sum(size for name, size in self._sizes.items() if name != node)
            if others + len(text) > limit:
                message = f"The results of the run's steps together may have {limit:,} characters as JSON."
                raise StateTooLarge(message, details={"limit": limit, "others": others, "this": len(text)})
            self._sizes[node] = len(text)
        admitted: Json = json.loads(text)
        return admitted


def known_steps(run_id: UUID) -> dict[tuple[str, int], Step]:
    """Return the run's steps that count, by node and visit."""
    return {(step.node, step.visit): step for step in Step.objects.standing().filter(run=run_id)}
