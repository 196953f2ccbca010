"""DATABASE_URL -> Django's dictionary. ``default`` serves under restricted roles; ``owner`` migrates and provisions;
``replica``, where there is one, answers what tolerates lag.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Database = dict[str, Any]


def database(
    url: str, *, pool_size: int = 0, owner: bool = False, pooler: str = "", connect_within_s: int = 10
) -> Database:
    """Return the settings of one PostgreSQL connection.

    ``pool_size`` 0 means no pool of this process's own; ``pooler`` is what else stands before the server
    (NEXOD_DATABASE_POOLER). A server that does not answer is given up after ``connect_within_s``, which the address
    may say otherwise (``?connect_timeout=``).
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {"connect_timeout": str(connect_within_s), **dict(parse_qsl(parts.query))}
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
        # A named cursor lives on one server, and a pooler may send the next fetch to another.
        "DISABLE_SERVER_SIDE_CURSORS": bool(pooler),
        "NEXOD_OWNER": owner,
        "NEXOD_POOLER": pooler,
    }


def databases(
    url: str, owner_url: str, *, pool_size: int, replica_url: str = "", pooler: str = ""
) -> dict[str, Database]:
    """Return all aliases; without ``owner_url`` this process can neither migrate nor provision."""
    found = {"default": database(url, pool_size=pool_size, pooler=pooler)}
    if owner_url:
        found["owner"] = database(owner_url, owner=True)
    if replica_url:
        found["replica"] = _replica(replica_url, found["default"])
    return found


def _replica(url: str, primary: Database) -> Database:
    """The roles of tenants carry the primary's database name, and a test's database is the primary's copy."""
    given = database(url, pool_size=10, pooler=primary["NEXOD_POOLER"], connect_within_s=2)
    options = {"tcp_user_timeout": "5000", **given["OPTIONS"]}
    options["pool"] = {**options["pool"], "timeout": 2}
    return {**given, "NAME": primary["NAME"], "OPTIONS": options, "TEST": {"MIRROR": "default"}}
