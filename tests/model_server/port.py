"""A run that remembers what it was told, for tests of what works for one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from nexod.kernel import run_port
from nexod.kernel.events import Event


class Run:
    """Implements RunPort in memory; ``cancel_after`` calls of ``cancelled`` it says yes.

    ``refuse`` looks at each estimate and returns the BudgetExhausted to raise, or None. What is in ``reserved`` has to be in
    ``settled`` in the end.
    """

    run_id, step_id, node = "run-1", "step-1", "crew"
    started_by = ""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.said: list[tuple[str, str]] = []
        self.calls: list[run_port.Usage] = []
        self.spent: list[run_port.Usage] = []
        self.recorded: dict[tuple[str, int], Any] = {}
        self.reserved: list[run_port.Estimate] = []
        self.settled: list[run_port.Reservation] = []
        self.refuse: Callable[[run_port.Estimate], run_port.BudgetExhausted | None] | None = None
        self.cancel_after: int | None = None
        self.asked = 0
        self._seen: Counter[str] = Counter()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def told(self, type_: str) -> list[dict[str, Any]]:
        return [event.data() for event in self.events if event.type == type_]

    def effect(self, wanted: run_port.SideEffect, perform: Callable[[str], Any]) -> run_port.Performed:
        return run_port.Performed(perform("key"))

    def is_done(self, wanted: run_port.SideEffect) -> bool:
        return False

    def ask(self, question: run_port.Question) -> run_port.Answer:
        return run_port.Answer("approve", content=question.content)

    def reserve(self, estimate: run_port.Estimate) -> run_port.Reservation | None:
        self.reserved.append(estimate)
        if self.refuse is not None and (refused := self.refuse(estimate)) is not None:
            raise refused
        return run_port.Reservation(str(len(self.reserved)), estimate)

    def release(self, reservation: run_port.Reservation) -> None:
        self.settled.append(reservation)

    def spend(
        self,
        usage: run_port.Usage,
        *,
        told: Sequence[Event] = (),
        recall: Any = None,
        result: Any = None,
        reservation: run_port.Reservation | None = None,
    ) -> None:
        self.calls.append(usage)
        if usage.counts:
            self.spent.append(usage)
        if reservation is not None:
            self.settled.append(reservation)
        self.events.extend(told)
        if recall is not None:
            self.recorded[recall.key, recall.occurrence] = json.loads(json.dumps(result))

    def rest(self) -> None:
        run_port.check_cancelled()

    def say(self, text: str, *, agent: str = "") -> None:
        self.said.append((agent, text))

    def replay(self, name: str, request: Any) -> run_port.Recall:
        key = json.dumps([name, request], sort_keys=True)
        self._seen[key] += 1
        return run_port.Recall(key, self._seen[key], name, self.recorded.get((key, self._seen[key])))

    def again(self) -> None:
        """Begin the step again: what was recorded is replayed."""
        self._seen.clear()

    def cancelled(self) -> bool:
        self.asked += 1
        return self.cancel_after is not None and self.asked > self.cancel_after

    def types(self) -> list[str]:
        """The types of the events so far."""
        return [event.type for event in self.events]


@pytest.fixture
def run() -> Iterator[Run]:
    """The present run."""
    port = Run()
    with run_port.use(port):
        yield port
