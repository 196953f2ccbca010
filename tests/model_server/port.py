"""A run that remembers what it was told, for tests of what works for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nexod.kernel import run_port
from nexod.kernel.events import Event


class Run:
    """Implements RunPort in memory; ``cancel_after`` calls of ``cancelled`` it says yes."""

    run_id, step_id, node = "run-1", "step-1", "crew"

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.spent: list[run_port.Usage] = []
        self.cancel_after: int | None = None
        self.asked = 0

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def spend(self, usage: run_port.Usage) -> None:
        self.spent.append(usage)

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
