"""Reads that tolerate lag go to a replica: where a view says so, never inside a run, never after a write of the same visit.

The replica is asked as often as CHECK_S how far it has come. It is used while it is known to show everything that the primary
had committed NEXOD_REPLICA_LAG_S ago; a replica that is late or away is left alone, and the primary answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from prometheus_client import Counter, Gauge

from nexod.kernel import run_port

P = ParamSpec("P")
R = TypeVar("R")
PRIMARY, REPLICA = "default", "replica"
CHECK_S, REST_S = 1.0, 5.0
"""How old a verdict may be, and for how long a replica that failed is left alone."""
logger = logging.getLogger(__name__)
_reads = Counter("nexod_replica_reads", "Views that tolerate lag, by where they read", ["database"])
_fallbacks = Counter("nexod_replica_fallbacks", "Times that the primary had to answer for the replica", ["reason"])
_lag = Gauge("nexod_replica_lag_seconds", "How far behind the replica is known to be at most")


@dataclass(slots=True)
class Visit:
    """One request: whether it wrote. Its threads and coroutines share it."""

    wrote: bool = False


_visit: ContextVar[Visit | None] = ContextVar("visit", default=None)
_tolerant: ContextVar[bool] = ContextVar("tolerant", default=False)


@contextmanager
def visit() -> Iterator[None]:
    """Remember inside the block whether it wrote."""
    token = _visit.set(Visit())
    try:
        yield
    finally:
        _visit.reset(token)


def wrote() -> None:
    """Have the rest of this visit read what it wrote."""
    if (current := _visit.get()) is not None:
        current.wrote = True


def tolerates_lag(view: Callable[P, R]) -> Callable[P, R]:
    """Let what the view reads come from the replica. It must not write, and must have read when it returns.

    Where the replica fails meanwhile the view is done once more, on the primary.
    """

    @wraps(view)
    def reading(*args: P.args, **kwargs: P.kwargs) -> R:
        if REPLICA not in connections.settings:
            return view(*args, **kwargs)
        try:
            with tolerating_lag() as place:
                _reads.labels(place).inc()
                return view(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            if place == PRIMARY:
                raise
            health.failed(error)
        return view(*args, **kwargs)

    return reading


@contextmanager
def tolerating_lag() -> Iterator[str]:
    """Let the reads of the block come from the replica; give the alias that they use."""
    good = REPLICA in connections.settings and not _forbidden() and health.is_good()
    token = _tolerant.set(good)
    try:
        yield REPLICA if good else PRIMARY
    finally:
        _tolerant.reset(token)


def alias_to_read() -> str:
    """Return the database that the running code reads."""
    return REPLICA if _tolerant.get() and not _forbidden() else PRIMARY


def _forbidden() -> bool:
    """A run decides by what it reads; a transaction reads what it locked; who wrote wants to see it."""
    current = _visit.get()
    in_run = run_port.current() is not None
    return in_run or connections[PRIMARY].in_atomic_block or (current is not None and current.wrote)


@dataclass
class Health:
    """What is known of the replica: how far the primary was when, and up to which of these moments the replica shows all."""

    seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=3600))
    shown: float = float("-inf")
    next_check: float = 0.0
    good: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_good(self) -> bool:
        """Say whether the replica may be read, asking both servers where the verdict is old."""
        if time.monotonic() >= self.next_check and self.lock.acquire(blocking=False):
            try:
                self._check()
            except (OperationalError, InterfaceError) as error:
                self.failed(error)
            finally:
                self.lock.release()
        return self.good

    def failed(self, error: Exception) -> None:
        """Leave the replica alone for a while."""
        self.next_check = time.monotonic() + REST_S
        self._judge(good=False, reason="down", told=str(error))
        connections[REPLICA].close()

    def _check(self) -> None:
        now = time.monotonic()
        self.next_check = now + CHECK_S
        self.seen.append((now, _position(PRIMARY, "pg_current_wal_lsn()")))
        reached = _position(REPLICA, "coalesce(pg_last_wal_replay_lsn(), pg_current_wal_lsn())")
        while self.seen and self.seen[0][1] <= reached:
            self.shown = self.seen.popleft()[0]
        lag = now - self.shown
        _lag.set(lag)
        self._judge(good=lag <= settings.NEXOD_REPLICA_LAG_S, reason="late", told=f"{lag:.1f} s behind")

    def _judge(self, *, good: bool, reason: str, told: str) -> None:
        if not good:
            _fallbacks.labels(reason).inc()
        if good != self.good:
            level = logging.INFO if good else logging.WARNING
            logger.log(level, "replica.good" if good else f"replica.{reason}", extra={"told": told})
        self.good = good


def _position(alias: str, expression: str) -> int:
    """Return a place in the write-ahead log, in bytes from its beginning."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT ({expression} - '0/0')::bigint")
        return int(cursor.fetchone()[0])


health = Health()
