"""Branches beside each other: one that has to wait waits beside the others while these are at work, and goes on in time.

When nobody else is at work any more the run parks; then what comes wakes the run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tenants.context import release_connections
from workflows.actions.waiting import is_ready
from workflows.engine.drive import Drive, known_steps
from workflows.engine.parked import Parked
from workflows.engine.plan import NodePlan
from workflows.engine.reasons import at_node
from workflows.engine.step import Outcome, perform
from workflows.errors import RunTimedOut

# Branches that begin together are not all at work in the same moment.
SOON_S, LOOK_EVERY_S = 0.1, 0.4


class Company:
    """Counts the branches of a stretch that are at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work = 0

    @property
    def is_at_work(self) -> bool:
        """Say whether any of them is."""
        return self._at_work > 0

    @contextmanager
    def joined(self, by: int = 1) -> Iterator[None]:
        """Count a branch inside the block."""
        self._add(by)
        try:
            yield
        finally:
            self._add(-by)

    def left(self) -> Any:
        """Do not count the branch inside the block."""
        return self.joined(-1)

    def _add(self, number: int) -> None:
        with self._lock:
            self._at_work += number


def performed(plan: NodePlan, state: dict[str, Any], drive: Drive, *, arrived: Sequence[str] = ()) -> Outcome:
    """Perform the node as ``perform`` does; raise Parked only when no other branch is at work."""
    while True:
        try:
            return perform(plan, state, drive, arrived=arrived)
        except Parked:
            if not _has_come(plan, drive):
                raise


def _has_come(plan: NodePlan, drive: Drive) -> bool:
    """Wait for what the step waits for; False when it has not come and the other branches are done."""
    if drive.company is None:
        return False
    with drive.company.left():
        _rest(plan, drive, SOON_S)
        while drive.company.is_at_work:
            if is_ready(drive.run_id, plan.id):
                drive.known = known_steps(drive.run_id)
                return True
            release_connections()
            _rest(plan, drive, LOOK_EVERY_S)
    return False


def _rest(plan: NodePlan, drive: Drive, seconds: float) -> None:
    try:
        drive.reins.rest(seconds)
    except RunTimedOut as error:
        drive.note_failure(error)
        raise at_node(error, plan.id) from None
