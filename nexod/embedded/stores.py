"""PostgreSQL and Valkey for as long as a block of code runs: for tests and for plain manage.py commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nexod.embedded import postgres, roles, valkey
from nexod.embedded.home import Home
from nexod.embedded.ports import free_port
from nexod.embedded.process import Process, Service, stop_all

POLL_INTERVAL_S = 0.02


@dataclass(frozen=True)
class Stores:
    """Where the stores listen. ``database_url`` is the role that serves, ``owner_url`` the one that migrates.

    ``data`` is PostgreSQL's data directory: outside the home where its own OS user could not reach it there.
    ``processes`` are the two, for who wants to see what happens without one of them.
    """

    database_url: str
    owner_url: str
    redis_url: str
    data: Path
    processes: tuple[Process, ...] = ()

    def as_environment(self) -> dict[str, str]:
        """Return the variables by which settings find the stores."""
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "REDIS_URL": self.redis_url,
        }


@contextmanager
def start_stores(home: Path | Home, *, durable: bool) -> Iterator[Stores]:
    """Start both on free ports with their state in ``home``; stop exactly these on leaving.

    Without ``durable`` nothing is synced to the disk: fast, and lost when the machine crashes.
    Raises HomeInUse or StartFailed.
    """
    folder = home if isinstance(home, Home) else Home(home)
    folder.prepare()
    with folder.lock():
        cluster = postgres.cluster(folder, port=free_port(), durable=durable)
        redis_port = free_port()
        services = [postgres.service(cluster), valkey.service(folder, port=redis_port, durable=durable)]
        try:
            with running(folder, services) as processes:
                redis_url = valkey.url(folder, redis_port)
                yield Stores(
                    cluster.url(roles.APP), cluster.url(roles.OWNER), redis_url, cluster.data, tuple(processes)
                )
        finally:
            postgres.remove_throwaway(cluster)


@contextmanager
def running(home: Home, services: list[Service]) -> Iterator[list[Process]]:
    """Run services side by side, all ready before the block is entered, all stopped after it."""
    processes = [Process(service, home.logs / f"{service.name}.log") for service in services]
    try:
        for process in processes:
            process.start()
        waiting = list(processes)
        while waiting := [process for process in waiting if not process.is_ready()]:
            time.sleep(POLL_INTERVAL_S)
        yield processes
    finally:
        stop_all(processes)
