"""psycopg's pool, for Django and for libraries, so that it is soon whole again after PostgreSQL was away."""

from __future__ import annotations

import select
import threading
import time
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

C = TypeVar("C", bound=Connection[Any])
# For so long the pool goes on trying to connect, at 0, 1, 3 and 5 s; the next who waits makes it begin anew.
TRIES_FOR_S = 5.0
# A connection that was in use so lately is alive unless its end has arrived: the network has had no time to forget it.
FRESH_S = 1.0


def bound_idle_transactions(connection: Any) -> None:
    """Have PostgreSQL end the session when it says nothing for so long in a transaction: whoever is frozen holds its locks."""
    milliseconds = int(settings.NEXOD_IDLE_TRANSACTION_S * 1000)
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")


class LastingPool(ConnectionPool[C]):
    """A pool that drops all its idle connections when one of them turns out to be dead, and that knows how many are lent.

    psycopg's own gives the dead ones out one after another and rests for 0, 1, 2, 4, 8 s between them: who asks first after a
    restart waits in vain. And when it could not connect for a while, it tries again minutes later.
    """

    def __init__(self, **options: Any) -> None:
        self._lent = 0
        self._counting = threading.Lock()
        self._dropped_at = float("-inf")
        self._used_at: WeakKeyDictionary[C, float] = WeakKeyDictionary()
        super().__init__(check=self._require_living, reconnect_timeout=TRIES_FOR_S, **options)

    @property
    def lent(self) -> int:
        """Return how many connections somebody has and will give back."""
        return self._lent

    def getconn(self, timeout: float | None = None) -> C:
        """Lend a connection, in rounds that each let the pool try to connect; raise PoolTimeout, which says how it stands."""
        limit_s = self.timeout if timeout is None else timeout
        ends_at = time.monotonic() + limit_s
        while True:
            left_s = ends_at - time.monotonic()
            try:
                connection = super().getconn(min(left_s, TRIES_FOR_S))
            except PoolTimeout:
                if left_s <= TRIES_FOR_S:
                    raise PoolTimeout(f"no connection within {limit_s:g} s: {self.told()}") from None
            else:
                self._count(1)
                return connection

    def putconn(self, conn: C) -> None:
        """Take a connection back."""
        self._used_at[conn] = time.monotonic()
        super().putconn(conn)
        self._count(-1)

    def told(self) -> str:
        """Return, for people, how the pool stands."""
        stats = self.get_stats()
        return (
            f"{stats.get('pool_size', 0)} of {stats.get('pool_max', 0)} open or being opened, {self._lent} lent, "
            f"{stats.get('pool_available', 0)} idle, {stats.get('requests_waiting', 0)} waiting, "
            f"{stats.get('connections_errors', 0)} of {stats.get('connections_num', 0)} attempts to connect failed"
        )

    def _count(self, change: int) -> None:
        with self._counting:
            self._lent += change

    def _require_living(self, connection: C) -> None:
        try:
            if not (self._is_fresh(connection) and _is_silent(connection)):
                self.check_connection(connection)
        except Exception:
            self._drop_idle()
            raise

    def _is_fresh(self, connection: C) -> bool:
        return time.monotonic() - self._used_at.get(connection, float("-inf")) < FRESH_S

    def _drop_idle(self) -> None:
        """Open all idle ones anew: what ended one ended the others. Once a second, for many find a dead one at the same time."""
        with self._counting:
            now = time.monotonic()
            if is_news := now - self._dropped_at > 1:
                self._dropped_at = now
        if is_news:
            self.drain()


def _is_silent(connection: Connection[Any]) -> bool:
    """Say whether nothing has arrived that nobody asked for: PostgreSQL's last words, or the end. Costs no round trip."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
