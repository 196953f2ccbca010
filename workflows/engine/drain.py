"""How a worker that is to stop lets go of its runs: after their present step, or when its grace is over at once."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from workflows.engine.reins import Reins
from workflows.errors import RunHandedBack

logger = logging.getLogger(__name__)


class _Drain:
    """The runs at work in this process, and whether they are to stop."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._lock = threading.Lock()
        self._at_work: set[Reins] = set()

    def add(self, reins: Reins) -> None:
        with self._lock:
            self._at_work.add(reins)
            if self.begun.is_set():
                reins.halt(RunHandedBack())

    def discard(self, reins: Reins) -> None:
        with self._lock:
            self._at_work.discard(reins)

    def work(self) -> None:
        """Ask every run to stop before its next step, then give up what is still at work."""
        with self._lock:
            asked = list(self._at_work)
        logger.info("The worker is to stop; its runs are handed back", extra={"runs": len(asked)})
        for reins in asked:
            reins.halt(RunHandedBack())
        threading.Event().wait(settings.NEXOD_DRAIN_S)
        with self._lock:
            late = list(self._at_work)
        if late:
            logger.warning("Steps are given up, for the worker has to stop", extra={"runs": len(late)})
        for reins in late:
            reins.stop(RunHandedBack())


_drain = _Drain()


def begin() -> None:
    """Claim nothing any more and hand back what is at work. Safe in a signal handler; again changes nothing."""
    if not _drain.begun.is_set():
        _drain.begun.set()
        threading.Thread(target=_drain.work, name="nexod-drain", daemon=True).start()


def begun() -> bool:
    """Say whether this process claims no run any more."""
    return _drain.begun.is_set()


@contextmanager
def minded(reins: Reins) -> Iterator[None]:
    """Let a drain reach the run inside the block."""
    _drain.add(reins)
    try:
        yield
    finally:
        _drain.discard(reins)


def _forget() -> None:
    """A forked worker has none of its parent's runs."""
    global _drain
    _drain = _Drain()


os.register_at_fork(after_in_child=_forget)
