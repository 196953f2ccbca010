"""The OS user that PostgreSQL runs as, which refuses root, and the folders that such a user can reach."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class OsUser:
    """An account of the operating system, by number."""

    uid: int
    gid: int

    def own(self, *paths: Path) -> None:
        """Hand the files over to this user."""
        for path in paths:
            os.chown(path, self.uid, self.gid)


def unprivileged_user() -> OsUser | None:
    """Return whom PostgreSQL must run as; None, this process's own user, unless that is root."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return OsUser(entry.pw_uid, entry.pw_gid)
    return OsUser(65534, 65534)


def is_reachable(path: Path) -> bool:
    """Tell whether every user may pass through all the folders above ``path``."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
