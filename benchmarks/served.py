"""The web server and the worker of ``make serve``: real processes with production settings, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache

from benchmarks import world
from benchmarks.client import Client
from nexod.embedded import application
from nexod.embedded.home import Home
from nexod.embedded.ports import free_port
from nexod.embedded.process import Process, Service
from nexod.embedded.stores import running

_started = ExitStack()


@dataclass(frozen=True)
class Site:
    """Where the tenants are served, and by which processes, by name."""

    port: int
    processes: dict[str, Process]

    def client(self, number: int = 0) -> Client:
        """Return a new client of that tenant, with a key of its owner."""
        return Client(self.port, f"bench{number}.test", world.api_key(number))


@cache
def site() -> Site:
    """Return the running site; the first call starts it, ``closing`` stops it."""
    world.tenant(0)
    port = free_port()
    workers = int(os.environ.get("NEXOD_BENCH_WORKERS", "1"))
    home = Home.from_environment()
    services = [web(port), *(worker(f"worker{index}") for index in range(workers))]
    processes = _started.enter_context(running(home, services))
    return Site(port, {process.service.name: process for process in processes})


def stop() -> None:
    """Stop the site; the next call of ``site`` starts it anew."""
    _started.close()
    site.cache_clear()


@contextmanager
def closing() -> Iterator[None]:
    """Stop on leaving what ``site`` started inside the block."""
    try:
        yield
    finally:
        stop()


def web(port: int) -> Service:
    """Return the web server as it is deployed."""
    return application.web(_environment(), port=port)


def worker(name: str) -> Service:
    """Return the worker for everything but crews and operations, as it is deployed."""
    kind = replace(application.WORKERS[0], name=name)
    return application.worker(kind, Home.from_environment(), _environment())


def _environment() -> dict[str, str]:
    production = {"NEXOD_ENV": "production", "NEXOD_PLATFORM_HOSTS": "platform.test", "PYTHONUNBUFFERED": "1"}
    production["NEXOD_STREAMS_PER_PERSON"] = "10000"  # one key watches by all sockets
    return {**os.environ, **production}
