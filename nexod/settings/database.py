"""DATABASE_URL -> Django's dictionary. ``default`` serves under restricted roles; ``owner`` migrates and provisions."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Database = dict[str, Any]


def database(url: str, *, pool_size: int = 0, owner: bool = False) -> Database:
    """Return the settings of one PostgreSQL connection; ``pool_size`` 0 means no pool."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if pool_size:
        options["pool"] = {"min_size": 0, "max_size": pool_size, "timeout": 10, "max_lifetime": 1800}
    return {
        "ENGINE": "tenants.backend",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,
        # After a restart of PostgreSQL the pool is full of dead connections; each would fail one request or one run.
        "CONN_HEALTH_CHECKS": True,
        "NEXOD_OWNER": owner,
    }


def databases(url: str, owner_url: str, *, pool_size: int) -> dict[str, Database]:
    """Return both aliases; without ``owner_url`` this process can neither migrate nor provision."""
    found = {"default": database(url, pool_size=pool_size)}
    if owner_url:
        found["owner"] = database(owner_url, owner=True)
    return found
