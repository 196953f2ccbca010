"""NEXOD_HOME: the one folder that holds all state of the embedded services, readable by its owner only."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nexod.embedded.errors import HomeInUse

PROJECT = Path(__file__).resolve().parents[2]


class Home:
    """The folder and what is in it: logs/, secrets.json, services.json, the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.logs = self.path / "logs"
        self.services_file = self.path / "services.json"
        self.status_file = self.path / "status.json"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Home:
        """Return the home that NEXOD_HOME names; ``.nexod`` in the project without it."""
        return cls(Path(environ.get("NEXOD_HOME") or PROJECT / ".nexod"))

    def prepare(self) -> None:
        """Make the folders. As root others may pass through, since PostgreSQL must run as another user."""
        self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret kept under ``name``; the first call makes it."""
        secrets = read_json(self.path / "secrets.json")
        if name not in secrets:
            secrets[name] = make()
            write_private_json(self.path / "secrets.json", secrets)
        return str(secrets[name])

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the home for this process; the kernel lets go when the process ends, however it ends."""
        with open(os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = file.read().strip() or "another process"
                raise HomeInUse(
                    f"{self.path} is in use by {holder}. Stop that one, or set NEXOD_HOME to another folder."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()} ({' '.join([Path(sys.argv[0]).name, *sys.argv[1:3]])})")
            file.flush()
            yield


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in the file; an empty one when there is no file."""
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}


def write_private_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one go; nobody but its owner ever could read it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    fresh.replace(path)
