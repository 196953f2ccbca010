"""Which headers a request may carry, and which of an answer are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

KEPT = frozenset(
    {"content-type", "content-language", "date", "etag", "last-modified", "link", "location", "retry-after"}
    | {"x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-total-count"}
)
MAX_VALUE = 2_000
IDEMPOTENCY_KEY = "idempotency-key"
# What frames the message, or chooses where it goes: the client's own.
_OWN = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"}
    | {"proxy-connection", "accept-encoding"}
)
_SECRET = re.compile(r"authori[sz]ation|cookie|api-?_?key|access-?_?key|token|secret|passw|credential|signature", re.I)


def is_secret(name: str) -> bool:
    """Say whether a header of that name is likely to carry a secret."""
    return bool(_SECRET.search(name))


def is_own(name: str) -> bool:
    """Say whether the client itself sets this header, and nobody else may."""
    return name.lower() in _OWN


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that later steps and people may see: never a cookie."""
    return {name: value[:MAX_VALUE] for name, value in headers.items() if name.lower() in KEPT}


def refusal(name: str) -> tuple[str, str]:
    """Return the code and the reason why nobody may set this header; both empty when they may."""
    if is_secret(name):
        why = (
            f"{name} would carry a secret, and whoever may read a definition reads all of it. "
            "Choose a credential instead: nobody reads it, and it goes to its own hosts only."
        )
        return "secret_header", why
    return ("bad_config", f"{name} is set by the client itself.") if is_own(name) else ("", "")
