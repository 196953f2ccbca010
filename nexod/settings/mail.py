"""NEXOD_EMAIL_URL -> Django's settings of outgoing mail: ``smtps://user:password@host``, ``smtp+tls://...`` or ``smtp://...``."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

PORTS = {"smtps": 465, "smtp+tls": 587, "smtp": 25}
TIMEOUT_S = 20


def mail(url: str) -> dict[str, Any]:
    """Return the settings; none for an empty URL. Exits for a scheme that is not one of PORTS."""
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise SystemExit(
            f"NEXOD_EMAIL_URL begins with one of {', '.join(f'{name}://' for name in PORTS)} and names a host."
        )
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": TIMEOUT_S,
    }
