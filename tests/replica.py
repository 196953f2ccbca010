"""A real streaming replica of the tests' PostgreSQL, made from the same programs with pg_basebackup."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from nexod.embedded.home import Home
from nexod.embedded.os_user import unprivileged_user
from nexod.embedded.ports import LOOPBACK, free_port
from nexod.embedded.postgres import SETTINGS, SUPERUSER, THROWAWAY_SETTINGS
from nexod.embedded.process import Process, Service, stop_all, tethered
from nexod.embedded.roles import can_connect
from nexod.settings.database import databases
from tests.processes import until

REPLICATION_RULE = f"host replication {SUPERUSER} {LOOPBACK}/32 scram-sha-256"


def _superuser(port: int | str) -> str:
    password = Home(Path(os.environ["NEXOD_HOME"])).secret(f"postgres_{SUPERUSER}", str)
    return make_conninfo(host=LOOPBACK, port=port, dbname="postgres", user=SUPERUSER, password=password)


class Replica:
    """The standby: how it is reached, paused, killed and brought back."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.port = free_port()
        settings = SETTINGS | THROWAWAY_SETTINGS | {"port": str(self.port), "shared_buffers": "32MB"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        service = Service(
            name="replica", argv=(str(program), "-D", str(folder / "data"), *options), run_as=unprivileged_user(),
            cwd=folder, ready=partial(can_connect, _superuser(self.port)), stop_signal=signal.SIGINT,
        )  # fmt: skip
        self.process = Process(service, folder / "replica.log")

    @property
    def url(self) -> str:
        known = connections.settings["default"]
        return f"postgresql://{known['USER']}:{known['PASSWORD']}@{LOOPBACK}:{self.port}/{known['NAME']}"

    def start(self) -> None:
        self.process.start()
        assert until(self.process.is_ready, 30)

    def kill(self) -> None:
        """End it as a crash would: every connection is cut."""
        stop_all([self.process])

    def ask(self, sql: str) -> object:
        with psycopg.connect(_superuser(self.port), autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
            return row[0] if row else None

    def pause(self) -> None:
        """Receive what the primary writes, and show none of it."""
        self.ask("SELECT pg_wal_replay_pause()")
        assert until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Wait until it shows all that is committed now, also what the primary, told not to wait for its disk, is yet to write."""
        with psycopg.connect(_superuser(connections.settings["default"]["PORT"]), autocommit=True) as primary:
            (reached,) = primary.execute("SELECT pg_current_wal_insert_lsn()").fetchone() or ("",)
        assert until(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{reached}'"))


@contextmanager
def streaming() -> Iterator[Replica]:
    """Copy the primary, start the copy as its standby, and delete it afterwards."""
    folder, user = Path(tempfile.mkdtemp(prefix="nexod-replica-")), unprivileged_user()
    folder.chmod(0o755)
    primary = _superuser(connections.settings["default"]["PORT"])
    program = _allow_replication(primary)
    try:
        (folder / "data").mkdir(mode=0o700)
        if user:
            user.own(folder, folder / "data")
        copy = (
            str(program.with_name("pg_basebackup")),
            "-d",
            primary,
            "-D",
            str(folder / "data"),
            "-R",
            "-X",
            "stream",
        )
        command = tethered((*copy, "-c", "fast", "--no-sync"), run_as=user, orphan_signal=signal.SIGKILL)
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        replica = Replica(folder, program)
        try:
            replica.start()
            yield replica
        finally:
            stop_all([replica.process])
    finally:
        shutil.rmtree(folder)


def _allow_replication(primary: str) -> Path:
    """Let the superuser copy the primary; return the program that runs it."""
    with psycopg.connect(primary, autocommit=True) as connection:
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        rules = Path(data) / "pg_hba.conf"
        if REPLICATION_RULE not in rules.read_text():
            rules.write_text(f"{rules.read_text()}{REPLICATION_RULE}\n")
            connection.execute("SELECT pg_reload_conf()")
    pid = (Path(data) / "postmaster.pid").read_text().split()[0]
    return Path(os.readlink(f"/proc/{pid}/exe"))


@contextmanager
def reading_from(replica: Replica) -> Iterator[None]:
    """Set DATABASE_REPLICA_URL for this process."""
    from tenants.backend import replica as reads

    known = databases("", "", pool_size=1, replica_url=replica.url)["replica"]
    connections.settings["replica"] = {
        **connections.settings["default"],
        **known,
        "NAME": connections.settings["default"]["NAME"],
    }
    before, reads.health = reads.health, reads.Health()
    try:
        yield
    finally:
        reads.health = before
        connections["replica"].close()
        connections["replica"].close_pool()
        del connections["replica"], connections.settings["replica"]
