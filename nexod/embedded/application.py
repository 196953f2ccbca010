"""Nexod's own processes: the migration, the web server, the Celery workers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nexod.embedded.home import PROJECT, Home
from nexod.embedded.ports import LOOPBACK
from nexod.embedded.probes import file_exists, http_ok
from nexod.embedded.process import Service

OWNER_URL = "DATABASE_OWNER_URL"
INNER = frozenset({OWNER_URL, "DATABASE_URL", "REDIS_URL", "NEXOD_SECRET_KEY", "NEXOD_FIELD_KEYS"})
Environment = Mapping[str, str]
# Whoever presses Ctrl-C does not wait for a model: a step that takes longer is done again at the next start.
QUICK_END = {"NEXOD_DRAIN_S": "5"}


@dataclass(frozen=True)
class WorkerKind:
    """One Celery worker: the queues that it reads and how many Celery tasks it runs at once."""

    name: str
    queues: str
    concurrency: int
    as_owner: bool = False
    niceness: int = 0


WORKERS = (
    WorkerKind("worker", "default,high,runs,webhooks", 8),
    WorkerKind("worker-crews", "crews_high,crews", 2),
    # A process of its own, behind all others for the processor: runs come before the reading of ten thousand documents.
    WorkerKind("worker-ingest", "ingest", 2, niceness=19),
    WorkerKind("worker-ops", "ops", 2, as_owner=True),
)


def without_owner(environ: Environment) -> Environment:
    """Take away the role that owns the database: who serves must not be able to change the schema."""
    return {name: value for name, value in environ.items() if name != OWNER_URL}


def migrate(environ: Environment) -> Service:
    """Return the step that brings the database up to date, as its owner."""
    return Service(
        name="migrate",
        argv=(sys.executable, str(PROJECT / "manage.py"), "migrate", "--verbosity=1"),
        env=environ,
        cwd=PROJECT,
        shows="the database is up to date",
        start_timeout_s=900,
    )


def provision_demo(environ: Environment, base_url: str) -> Service:
    """Return the step that makes the demo's tenants, as the database's owner."""
    return Service(
        name="provision",
        argv=(sys.executable, "-m", "nexod.embedded.demo.provision", base_url),
        env=environ,
        cwd=PROJECT,
        shows="acme and globex with their admins, and staff",
        start_timeout_s=300,
    )


def demo_client(environ: Environment) -> Service:
    """Return the demo's client, which knows the public API and nothing of what is behind it."""
    known = {name: value for name, value in environ.items() if name not in INNER}
    return Service(name="demo", argv=(sys.executable, "-m", "nexod.embedded.demo"), env=known, stop_timeout_s=3)


def web(environ: Environment, *, port: int) -> Service:
    """Return the ASGI server. Its lifespan is the application's."""
    listen = ("--host", LOOPBACK, "--port", str(port))
    quiet = ("--no-access-log", "--timeout-graceful-shutdown", "3")  # an open event stream would hold it for ever
    return Service(
        name="web",
        argv=(sys.executable, "-m", "uvicorn", "nexod.asgi:application", *listen, *quiet),
        env=without_owner(environ),
        cwd=PROJECT,
        ready=partial(http_ok, f"http://{LOOPBACK}:{port}/health"),
        shows=f"http://localhost:{port}",
    )


def worker(kind: WorkerKind, home: Home, environ: Environment) -> Service:
    """Return a Celery worker; threads, since its Celery tasks wait for models and databases."""
    ready_file = home.path / "ready" / kind.name
    options = ("--pool=threads", f"--concurrency={kind.concurrency}", f"--queues={kind.queues}", "--loglevel=INFO")
    nice = ("nice", "-n", str(kind.niceness)) if kind.niceness else ()
    chatter = ("--without-gossip", "--without-mingle", f"--hostname={kind.name}@%h")
    return Service(
        name=kind.name,
        argv=(*nice, sys.executable, "-m", "nexod.embedded.celery_worker", str(ready_file), *options, *chatter),
        env=QUICK_END | dict(environ if kind.as_owner else without_owner(environ)),
        cwd=PROJECT,
        prepare=partial(_forget_readiness, ready_file),
        ready=partial(file_exists, ready_file),
        shows=f"queues {kind.queues.replace(',', ', ')}",
    )


def _forget_readiness(ready_file: Path) -> None:
    ready_file.parent.mkdir(mode=0o700, exist_ok=True)
    ready_file.unlink(missing_ok=True)
