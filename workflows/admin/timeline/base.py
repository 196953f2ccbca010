"""What the tellers of events share: a line, and how totals, reasons and people are worded."""

from __future__ import annotations

from typing import Any

from nexod.admin import formats

Data = dict[str, Any]
Line = tuple[str, str, str, str]
"""Icon, tone, text and detail."""


def reason(data: Data) -> str:
    """Return why something failed."""
    return str((data.get("reason") or {}).get("message", ""))


def totals(data: Data) -> str:
    """Return what was used: time, tokens, cost."""
    used = data.get("totals") or {}
    tokens = used.get("tokens_in", 0) + used.get("tokens_out", 0)
    parts = [formats.duration(used.get("seconds", 0))]
    if tokens:
        parts.append(f"{formats.count(tokens)} tokens")
    if used.get("cost_usd"):
        parts.append(formats.usd(used["cost_usd"]))
    return " · ".join(parts)


def by(data: Data) -> str:
    """Return who did it, with a leading " by ", or nothing."""
    return f" by {data['actor']}" if data.get("actor") else ""
