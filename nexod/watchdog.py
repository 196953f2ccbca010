"""Ends a worker that has silently stopped taking messages, or whose sweeper hangs, so that whoever watches over it starts it again.

Seen with Redis brokers after a reconnect: the process lives, its connection too, and nothing is consumed any more.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from celery.worker import state
from django.conf import settings
from redis import RedisError

from nexod.kernel.turning import Standstill
from nexod.observability import work

logger = logging.getLogger(__name__)
LOOKS_PER_PATIENCE = 6
# A sweep waits for a database or a broker that is away, and other workers sweep as well: there is no hurry.
STANDSTILL_PATIENCES = 4
STANDSTILL_LEAST_S = 60.0
TAKES_NONE = "Messages wait and this worker takes none; it ends itself"
STANDS_STILL = "A loop of this worker stands still; it ends itself"
# What a warm shutdown may take beyond the drain before it counts as stuck itself.
LAST_GRACE_S = 5.0
EXIT_CODE = 75  # EX_TEMPFAIL: try again


@dataclass
class Stall:
    """Whether messages have waited for ``patience_s`` while there were free slots and none was taken."""

    patience_s: float
    _since: float | None = field(default=None, init=False)
    _taken: int = field(default=-1, init=False)

    def seen(self, *, at: float, waiting: int, free: bool, taken: int) -> bool:
        """Note one look, ``at`` on a monotonic clock, and say whether the worker has stalled."""
        idle_in_vain = waiting > 0 and free and taken == self._taken
        self._taken = taken
        if not idle_in_vain:
            self._since = None
            return False
        self._since = at if self._since is None else self._since
        return at - self._since >= self.patience_s


class Watchdog:
    """One thread beside the worker ``controller``. While the broker does not answer nothing can be told, so nothing is done."""

    def __init__(self, controller: Any, *, patience_s: float) -> None:
        self._stall = Stall(patience_s)
        self._pause_s = patience_s / LOOKS_PER_PATIENCE
        self._standstill = Standstill(ceil(max(STANDSTILL_PATIENCES * patience_s, STANDSTILL_LEAST_S) / self._pause_s))
        self._slots = controller.pool.limit or 1
        # As it was when the worker started: a consumer that is cancelled takes its queue off the living list.
        self._queues = frozenset(controller.app.amqp.queues.consume_from)
        self._thread = threading.Thread(target=self._run, name="nexod-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def _run(self) -> None:
        while state.should_stop is None:
            time.sleep(self._pause_s)
            if stuck := self._standstill.look():
                end(STANDS_STILL, {"loops": stuck})
            if self._has_stalled():
                end(TAKES_NONE, {"queues": sorted(self._queues)})

    def _has_stalled(self) -> bool:
        try:
            lengths = work.queue_lengths()
        except RedisError:
            return False
        return self._stall.seen(
            at=time.monotonic(),
            waiting=sum(length for queue, length in lengths.items() if queue in self._queues),
            free=len(state.reserved_requests) < self._slots,
            taken=state.all_total_count[0] + len(state.requests),
        )


def end(why: str, extra: dict[str, Any], *, exit_: Callable[[int], object] = os._exit) -> None:
    """Hand back what is at work and end this process, by force when it does not end by itself."""
    from workflows.engine import drain

    logger.error(why, extra=extra)
    work.count("nexod_workers_stalled", 1)
    work.flush()
    drain.begin()
    state.should_stop = EXIT_CODE  # type: ignore[assignment]  # Celery's own signal handlers set it so
    time.sleep(settings.NEXOD_DRAIN_S + LAST_GRACE_S)
    logger.error("The worker did not end in time; it is ended by force")
    exit_(EXIT_CODE)
