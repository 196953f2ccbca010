"""The work of a map: a step for every item, several at a time, each with its own retries, effects and questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from threading import Event
from typing import Any

from nexod.kernel import events
from tenants.context import release_connections
from workflows.actions.endings import close_parts
from workflows.engine.parked import Parked
from workflows.engine.plan import NodePlan
from workflows.engine.reasons import reason_of
from workflows.engine.record import Record
from workflows.errors import RunHalted
from workflows.models import Step
from workflows.nodes.map import MOST

Json = dict[str, Any]
Execute = Callable[..., Exception | None]


class PartsWait(Parked):
    """Steps of the list wait; the others are done."""

    def __init__(self, count: int) -> None:
        super().__init__({"parts": count})


@dataclass(frozen=True, slots=True)
class Ended:
    """How a part ended: its output, its error, or, both None, not begun."""

    output: Json | None = None
    error: Exception | None = None


class Parts:
    """The steps of one attempt of a map. A part that was committed is not done again."""

    def __init__(self, record: Record, plan: NodePlan, values: Json, execute: Execute) -> None:
        self._whole = record
        self._plan = plan
        self._values = values
        self._execute = execute
        self._stop = Event()

    def work(self, items: Sequence[Any], *, at_once: int, stops: bool) -> tuple[list[Json | None], list[Json]]:
        """Return the outputs in the order of the items, and what failed; raise PartsWait, or the reason to stop."""
        with ThreadPoolExecutor(at_once, thread_name_prefix=f"map {self._plan.id}") as pool:
            asked = [
                pool.submit(copy_context().run, self._part, index, item, len(items), stops)
                for index, item in enumerate(items)
            ]
        ended = self._ended(asked, stops=stops)
        failed = [_told(index, end.error) for index, end in enumerate(ended) if end.error is not None]
        return [end.output for end in ended], failed

    def _ended(self, asked: Sequence[Future[Ended]], *, stops: bool) -> list[Ended]:
        """Return how each part ended. What stops the run is raised first; an error that stops the list ends what waits."""
        raised = [error for future in asked if (error := future.exception()) is not None]
        for error in raised:
            if not isinstance(error, Parked | RunHalted):
                raise error
        if raised:
            stopped = stops and any(f.exception() is None and f.result().error is not None for f in asked)
            if not stopped:
                self._put_aside()
                raise next((error for error in raised if isinstance(error, RunHalted)), PartsWait(len(raised)))
            close_parts(self._whole.step.pk)
        return [Ended() if future.exception() is not None else future.result() for future in asked]

    def _part(self, index: int, item: Any, count: int, stops: bool) -> Ended:
        """Do the work for one item, unless it is done or nothing new is begun any more."""
        if self._stop.is_set():
            return Ended()
        record = self._record(index)
        try:
            if not record.is_done:
                self._whole.drive.reins.begin_step()
                given = self._given(item, index, count)
                error = self._execute(self._plan, record, given, beside=self._values["nodes"])
                if error is not None:
                    record.fail(reason_of(error))
                    if stops:
                        self._stop.set()
                    return Ended(error=error)
            return Ended(record.step.output or {})
        except Parked:
            raise
        except BaseException:
            self._stop.set()
            raise
        finally:
            self._remember(record)
            release_connections()

    def _remember(self, record: Record) -> None:
        """Let the next attempt of the map in this stretch find the part's step, as a later stretch finds it."""
        if record.stored and self._whole.plan.node.retry.attempts > 1:
            self._whole.drive.known[self._plan.id, record.step.visit] = record.step

    def _record(self, index: int) -> Record:
        visit = (self._whole.step.visit - 1) * MOST + index + 1
        return Record(self._whole.drive, self._plan, visit, part_of=self._whole.step)

    def _given(self, item: Any, index: int, count: int) -> Json:
        """Return what the part sees: of the map its item, of every other node what the map sees."""
        nodes = {**self._values["nodes"], self._whole.plan.id: {"item": item, "index": index, "count": count}}
        return {**self._values, "nodes": nodes}

    def _put_aside(self) -> None:
        """Let the map wait with its parts, so that it goes on where it was, as if nothing had happened."""
        step = self._whole.step
        step.status = Step.Status.WAITING
        self._whole.write(events.StepWaiting(node=step.node, step=str(step.id), kind="items"))


def _told(index: int, error: Exception) -> Json:
    reason = reason_of(error)
    return {"index": index, "code": reason.code, "message": reason.message}
