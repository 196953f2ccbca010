"""Looks after one running service: notices that it ended and starts it again, ever more patiently."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from nexod.embedded.errors import StartFailed
from nexod.embedded.process import Process, how_it_ended

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STABLE_AFTER_S = 60.0
POLL_INTERVAL_S = 0.1


class State(StrEnum):
    """Where a service is in its life."""

    STARTING = "starting"
    READY = "ready"
    PAUSED = "waiting to restart"


@dataclass(frozen=True)
class Crashed:
    """A service ended although nobody asked it to."""

    reason: str
    pause_s: float
    log_tail: str


@dataclass(frozen=True)
class CameBack:
    """A service that had crashed is ready again."""

    seconds: float


class Watch:
    """The watch over a process that was ready once. Call ``tend`` whenever ``due_in`` is over or a child ended."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.state = State.READY
        self.restarts = 0
        self._crashes_in_a_row = 0
        self._since = time.monotonic()

    @property
    def name(self) -> str:
        """The service's name."""
        return self.process.service.name

    def due_in(self) -> float | None:
        """Return in how many seconds ``tend`` has something to do; None when only a signal can tell."""
        if self.state is State.READY:
            return None
        if self.state is State.STARTING:
            return POLL_INTERVAL_S
        return max(0.0, self._since - time.monotonic())

    def tend(self) -> Crashed | CameBack | None:
        """Look once, act, and return what is worth telling."""
        try:
            return self._tend()
        except StartFailed as failure:
            return self._crashed(failure.reason)

    def _tend(self) -> Crashed | CameBack | None:
        if self.state is State.READY and (code := self.process.exit_code) is not None:
            return self._crashed(how_it_ended(code))
        if self.state is State.PAUSED and time.monotonic() >= self._since:
            self.state = State.STARTING
            self.restarts += 1
            self.process.start()
        elif self.state is State.STARTING and self.process.is_ready():
            self.state, self._since = State.READY, time.monotonic()
            return CameBack(self.process.seconds)
        return None

    def _crashed(self, reason: str) -> Crashed:
        self.process.kill()
        now = time.monotonic()
        if self.state is State.READY and now - self._since > STABLE_AFTER_S:
            self._crashes_in_a_row = 0
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._crashes_in_a_row)
        self._crashes_in_a_row += 1
        self.state, self._since = State.PAUSED, now + pause_s
        return Crashed(reason, pause_s, self.process.log_tail(4))
