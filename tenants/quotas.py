"""What the plan still allows. Checked before work is accepted; the message says which limit and how much is used."""

from __future__ import annotations

from typing import Any

from nexod.kernel.errors import QuotaExceeded
from tenants import doors


def require_run_allowed() -> None:
    """Raise QuotaExceeded when today's runs, tokens or the runs at once have reached the plan's limits."""
    standing = doors.standing()
    today: dict[str, Any] = standing["today"]
    tokens = float(today.get("tokens_in", 0)) + float(today.get("tokens_out", 0))
    _require(standing, "runs_per_day", float(today.get("runs", 0)), "runs today")
    _require(standing, "tokens_per_day", tokens, "tokens today")
    _require(standing, "runs_at_once", float(standing["runs_at_once"]), "runs at once")


def require_storage(bytes_: int) -> None:
    """Raise QuotaExceeded when ``bytes_`` more would not fit into the plan's storage."""
    standing = doors.standing()
    limit = int(standing["plan"]["storage_mb"]) * 1_000_000
    if limit and float(standing["storage_bytes"]) + bytes_ > limit:
        raise QuotaExceeded(f"The plan allows {limit // 1_000_000} MB of storage, which is used up.")


def _require(standing: dict[str, Any], limit: str, used: float, what: str) -> None:
    allowed = int(standing["plan"][limit])
    if allowed and used >= allowed:
        raise QuotaExceeded(
            f"The plan allows {allowed:,} {what}; {used:,.0f} are used.", details={"limit": limit, "allowed": allowed}
        )
