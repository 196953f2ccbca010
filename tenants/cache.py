"""Cache keys carry the place of the running code, so that one tenant's key can never name another's value."""

from __future__ import annotations

from nexod.kernel.errors import TenantRequired
from tenants.context import here


def key(name: str, prefix: str, version: int) -> str:
    """Return ``<prefix>:<schema>:<version>:<name>``; raise TenantRequired nowhere."""
    place = here()
    if place is None:
        raise TenantRequired(f"The cache was asked for {name.split(':')[0]!r} outside any tenant.")
    return f"{prefix}:{place.schema}:{version}:{name}"


def reverse_key(full: str) -> str:
    """Return the name that ``key`` was given."""
    return full.split(":", 3)[3]
