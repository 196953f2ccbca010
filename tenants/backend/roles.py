"""Names of the PostgreSQL roles. Roles are cluster-wide, so a name carries its database; no I/O here."""

from __future__ import annotations

from hashlib import blake2s

PLATFORM_ROLE_SUFFIX = "platform"


def role_name(database: str, schema: str) -> str:
    """Return the role under which ``schema`` of ``database`` is used (at most 63 bytes)."""
    digest = blake2s(database.encode(), digest_size=4).hexdigest()
    return f"nexod_{digest}_{PLATFORM_ROLE_SUFFIX if schema == 'public' else schema}"
