"""What makes a run at work stop: at once when it is cancelled, late or lost; before its next step when it is to pause."""

from __future__ import annotations

import time
from threading import Event
from uuid import UUID

from nexod.kernel.errors import NexodError
from nexod.kernel.run_port import RunWasCancelled
from tenants.context import release_connections
from workflows.engine.away import AWAY
from workflows.errors import RunHalted, RunLost, RunPaused, RunTimedOut
from workflows.models import Run

LOOK_EVERY_S = 0.3


class Reins:
    """Shared by everything that works for one run in this process. The first reason to stop stays the reason."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id
        self._ends_at = float("inf")
        self._limit_s = 0.0
        self._reason: NexodError | None = None
        self._halt: RunHalted | None = None
        self._stopped = Event()
        self._looked_at = time.monotonic()
        self._owes = False

    @property
    def stopped(self) -> bool:
        """Say whether the run is to stop at once; asks nobody."""
        return self._stopped.is_set()

    @property
    def lost(self) -> bool:
        """Say whether another worker may have the run, so that nothing may be written for it here."""
        return isinstance(self._reason, RunLost)

    def end_after(self, seconds: float, *, limit_s: float) -> None:
        """Let the run stop after so many seconds, which are the rest of its ``limit_s``."""
        self._ends_at = time.monotonic() + seconds
        self._limit_s = limit_s

    def only_loss(self) -> None:
        """Forget why it was to stop, unless it is lost: what it owes is done all the same. From now on only a lost claim or
        a worker that stops ends it."""
        if not self.lost:
            self._reason = None
            self._stopped.clear()
        if isinstance(self._halt, RunPaused):
            self._halt = None
        self._ends_at = float("inf")
        self._owes = True

    def stop(self, reason: NexodError) -> None:
        """Make everything that works for the run stop at its next check."""
        if self._reason is None or isinstance(reason, RunLost):
            self._reason = reason
        self._stopped.set()

    def halt(self, reason: RunHalted) -> None:
        """Let the run stop before its next step: what is at work now is finished first."""
        self._halt = self._halt or reason

    def check(self) -> None:
        """Raise the reason to stop at once, if there is one."""
        if self._reason is None and time.monotonic() > self._ends_at:
            self.stop(RunTimedOut(f"The run worked for longer than the {self._limit_s:g} s that it may."))
        if self._reason is not None:
            raise self._reason

    def begin_step(self) -> None:
        """Raise the reason to stop, at once or before a step, if there is one; looks."""
        self.look()
        if self._halt is not None:
            raise self._halt

    def look(self) -> None:
        """Check, and ask the database, at most every 0.3 s, whether the run was cancelled, paused or deleted."""
        self.check()
        if self._owes or time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        try:
            self._heed()
        except AWAY:
            return  # the claim has a time of its own; a step must not fail because nobody could be asked
        finally:
            release_connections()
        self.check()

    def rest(self, seconds: float) -> None:
        """Wait that long, or raise as soon as the run is to stop; between two tries a pause costs nothing."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.begin_step()
            self._stopped.wait(min(left, LOOK_EVERY_S))
        self.begin_step()

    def _heed(self) -> None:
        asked = Run.objects.filter(pk=self.run_id).values_list("cancel_requested", "pause_requested").first()
        cancelled, paused = asked or (True, False)
        if cancelled:
            self.stop(RunWasCancelled())
        if paused:
            self.halt(RunPaused())
        elif isinstance(self._halt, RunPaused):
            self._halt = None
