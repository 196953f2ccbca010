"""Which headers a request may carry, and which of an answer are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from workflows.nodes.base import Problem

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


def problems(headers: Iterable[str], node: str) -> list[Problem]:
    """Return why a definition may not set these headers."""
    found, seen = [], set[str]()
    for name in headers:
        code, why = _refusal(name, seen)
        seen.add(name.lower())
        if why:
            found.append(Problem(code, why, node, f"config.headers.{name}"))
    return found


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that later steps and people may see: never a cookie."""
    return {name: value[:MAX_VALUE] for name, value in headers.items() if name.lower() in KEPT}


def _refusal(name: str, seen: set[str]) -> tuple[str, str]:
    if is_secret(name):
        why = (
            f"{name} would carry a secret, and whoever may read a workflow reads all of it. "
            "Call an address that needs none, or let a service of yours add it."
        )
        return "secret_header", why
    if name.lower() in _OWN:
        return "bad_config", f"{name} is set by the client itself."
    return ("bad_config", f"{name} is there twice.") if name.lower() in seen else ("", "")
