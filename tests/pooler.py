"""A real PgBouncer in transaction mode before the tests' PostgreSQL, and a way to put the whole application behind it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections

from nexod.embedded.home import Home
from nexod.embedded.os_user import unprivileged_user
from nexod.embedded.ports import LOOPBACK, free_port
from nexod.embedded.process import Service
from nexod.embedded.roles import can_connect
from nexod.embedded.stores import running
from tenants.backend.raw import close_pool
from tests.tools import PLACES

SERVERS = 3
"""So few that every client meets servers that others have just used."""


@dataclass(frozen=True)
class Pooler:
    """Where it listens, and how it is reached by the role of an alias."""

    port: int
    mode: str

    def url(self, alias: str = "default") -> str:
        known = connections.settings[alias]
        return f"postgresql://{known['USER']}:{known['PASSWORD']}@{LOOPBACK}:{self.port}/{known['NAME']}"

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url(), autocommit=True)


@contextmanager
def pgbouncer(mode: str = "transaction") -> Iterator[Pooler]:
    """Run PgBouncer with SERVERS servers, as the OS user that PostgreSQL runs as: it refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="nexod-pgbouncer-"))
    user, port = unprivileged_user(), free_port()
    pooler = Pooler(port, mode)
    try:
        _configure(folder, port, mode)
        if user:
            user.own(folder, *folder.iterdir())
        home = Home(folder / "home")
        program = shutil.which("pgbouncer", path=PLACES) or "pgbouncer"
        service = Service(
            name="pgbouncer", argv=(program, str(folder / "pgbouncer.ini")), run_as=user, cwd=folder,
            ready=partial(can_connect, pooler.url()), stop_signal=signal.SIGINT, env=dict(os.environ),
        )  # fmt: skip
        home.prepare()
        with running(home, [service]):
            yield pooler
    finally:
        shutil.rmtree(folder)


def _configure(folder: Path, port: int, mode: str) -> None:
    known = connections.settings
    (folder / "users").write_text(
        "".join(f'"{known[a]["USER"]}" "{known[a]["PASSWORD"]}"\n' for a in ("default", "owner"))
    )
    (folder / "pgbouncer.ini").write_text(
        f"""[databases]
* = host={LOOPBACK} port={known["default"]["PORT"]}
[pgbouncer]
listen_addr = {LOOPBACK}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {SERVERS if mode == "transaction" else 20}
max_client_conn = 200
"""
    )


@contextmanager
def behind(pooler: Pooler, told: str) -> Iterator[None]:
    """Put every thread's ``default`` connection behind the pooler, as NEXOD_DATABASE_POOLER=``told`` would."""
    with default_changed(HOST=LOOPBACK, PORT=str(pooler.port), NEXOD_POOLER=told, DISABLE_SERVER_SIDE_CURSORS=True):
        yield


@contextmanager
def default_changed(**changes: Any) -> Iterator[None]:
    """Have every thread's ``default`` connection made anew with other settings, inside the block."""
    before = connections.settings["default"]
    _use(deepcopy(before) | changes)
    try:
        yield
    finally:
        _use(before)


def _use(settings: dict[str, Any]) -> None:
    current: Any = connections["default"]
    current.close()
    current.close_pool()
    close_pool()
    del connections["default"]
    connections.settings["default"] = settings
