"""The stores of a plain manage.py command in development: those of a running supervisor, else own ones while it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from nexod.embedded.home import Home, read_json, write_private_json
from nexod.embedded.ports import answers
from nexod.embedded.tether import is_alive

WITHOUT_STORES = frozenset(
    {
        "", "help", "version", "check", "serve", "demo", "services", "startapp", "startproject", "diffsettings", "findstatic",
        "collectstatic", "compilemessages", "makemessages", "makemigrations", "spectacular", "sendtestemail", "test",
    }
)  # fmt: skip


@contextmanager
def stores_for(argv: Sequence[str]) -> Iterator[None]:
    """Put the addresses of the stores into the environment while the command ``argv`` runs, if it needs them.

    Nothing happens outside development or when DATABASE_URL is set. Raises HomeInUse or StartFailed.
    """
    command = argv[1] if len(argv) > 1 else ""
    named = os.environ.get("NEXOD_ENV", "dev") != "dev" or bool(os.environ.get("DATABASE_URL"))
    if named or command.startswith("-") or command in WITHOUT_STORES:
        yield
        return
    home = Home.from_environment()
    if found := running_services(home):
        os.environ.update(found)
        yield
        return
    with own_stores(home) as own:
        os.environ.update(own)
        yield


def running_services(home: Home) -> dict[str, str]:
    """Return the environment of the supervisor that runs on this home; empty when none does."""
    found = read_json(home.services_file)
    pid = found.pop("pid", 0)
    if not found or not is_alive(int(pid)) or not _listens(found, "DATABASE_URL") or not _listens(found, "REDIS_URL"):
        return {}
    return {name: str(value) for name, value in found.items() if name.isupper()}


def _listens(found: Mapping[str, object], name: str) -> bool:
    parts = urlsplit(str(found.get(name, "")))
    return answers(parts.hostname or "", parts.port or 0)


@contextmanager
def own_stores(home: Home) -> Iterator[dict[str, str]]:
    """Start stores for this process, and let other commands find them meanwhile."""
    from nexod.embedded.plan import application_secrets  # late: most commands find running stores
    from nexod.embedded.stores import start_stores

    with start_stores(home, durable=True) as stores:
        sys.stderr.write(f"nexod: PostgreSQL and Valkey run in {home.path} while this command does\n")
        environ = stores.as_environment() | application_secrets(home)
        write_private_json(home.services_file, {**environ, "pid": os.getpid()})
        try:
            yield environ
        finally:
            home.services_file.unlink(missing_ok=True)
