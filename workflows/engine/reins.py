"""What makes a run at work stop: somebody cancels it, its time is over, a sibling step failed, or the worker lost its claim."""

from __future__ import annotations

import time
from threading import Event
from uuid import UUID

from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import RunWasCancelled
from tenants.context import release_connections
from workflows.errors import RunLost, RunTimedOut
from workflows.models import Run

LOOK_EVERY_S = 0.3


class Reins:
    """Shared by everything that works for one run in this process. The first reason to stop stays the reason."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id
        self._ends_at = float("inf")
        self._limit_s = 0.0
        self._reason: NexodError | None = None
        self._stopped = Event()
        self._looked_at = time.monotonic()

    @property
    def stopped(self) -> bool:
        """Say whether the run is to stop; asks nobody."""
        return self._stopped.is_set()

    @property
    def lost(self) -> bool:
        """Say whether another worker may have the run, so that nothing may be written for it here."""
        return isinstance(self._reason, RunLost)

    def end_after(self, seconds: float, *, limit_s: float) -> None:
        """Let the run stop after so many seconds, which are the rest of its ``limit_s``."""
        self._ends_at = time.monotonic() + seconds
        self._limit_s = limit_s

    def stop(self, reason: NexodError) -> None:
        """Make everything that works for the run stop at its next check."""
        if self._reason is None or isinstance(reason, RunLost):
            self._reason = reason
        self._stopped.set()

    def check(self) -> None:
        """Raise the reason to stop, if there is one."""
        if self._reason is None and time.monotonic() > self._ends_at:
            self.stop(RunTimedOut(f"The run worked for longer than the {self._limit_s:g} s that it may."))
        if self._reason is not None:
            raise self._reason

    def look(self) -> None:
        """Check, and ask the database, at most every 0.3 s, whether the run was cancelled or deleted."""
        self.check()
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        wanted = Run.objects.filter(pk=self.run_id, cancel_requested=False).exists()
        release_connections()
        if not wanted:
            self.stop(RunWasCancelled())
        self.check()

    def rest(self, seconds: float) -> None:
        """Wait that long, or raise as soon as the run is to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            self._stopped.wait(min(left, LOOK_EVERY_S))
        self.check()
