"""Which headers the request of a definition may carry."""

from __future__ import annotations

from collections.abc import Iterable

from nexod.kernel.outgoing.headers import refusal
from workflows.nodes.base import Problem


def problems(headers: Iterable[str], node: str) -> list[Problem]:
    """Return why a definition may not set these headers."""
    found, seen = [], set[str]()
    for name in headers:
        code, why = refusal(name)
        if not why and name.lower() in seen:
            code, why = "bad_config", f"{name} is there twice."
        seen.add(name.lower())
        if why:
            found.append(Problem(code, why, node, f"config.headers.{name}"))
    return found
