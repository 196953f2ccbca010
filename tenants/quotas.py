"""What the plan still allows. Checked before work is accepted; the message says which limit and how much is used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from nexod.kernel.errors import QuotaExceeded
from nexod.kernel.happenings import Happening, tell
from tenants import doors

WARN_AT = (100, 80)


def require_run_allowed(*, besides: int = 0) -> None:
    """Raise QuotaExceeded when today's runs, tokens or the runs at once have reached the plan's limits.

    ``besides`` are tickets of the caller's own that are claimed and are no runs.
    """
    standing = doors.standing()
    today: dict[str, Any] = standing["today"]
    tokens = float(today.get("tokens_in", 0)) + float(today.get("tokens_out", 0))
    _require(standing, "runs_per_day", float(today.get("runs", 0)), "runs today")
    _require(standing, "tokens_per_day", tokens, "tokens today")
    _require(standing, "runs_at_once", float(standing["runs_at_once"]) - besides, "runs at once")
    _warn(standing, "runs_per_day", float(today.get("runs", 0)) + 1)
    _warn(standing, "tokens_per_day", tokens)


def require_storage(bytes_: int) -> None:
    """Raise QuotaExceeded when ``bytes_`` more would not fit into the plan's storage."""
    standing = doors.standing()
    limit = int(standing["plan"]["storage_mb"]) * 1_000_000
    if limit and float(standing["storage_bytes"]) + bytes_ > limit:
        raise QuotaExceeded(f"The plan allows {limit // 1_000_000} MB of storage, which is used up.")


def _warn(standing: dict[str, Any], limit: str, used: float) -> None:
    """Tell others, once a day for each level, that most or all of what the plan allows is used."""
    allowed = int(standing["plan"][limit])
    level = next((level for level in WARN_AT if allowed and used >= allowed * level / 100), None)
    if level is not None:
        day = datetime.now(UTC).date().isoformat()
        data = {"limit": limit, "allowed": allowed, "used": int(used), "level": level, "day": day}
        with transaction.atomic():
            tell(Happening("quota.warning", f"{limit}:{day}:{level}", {"quota": data}))


def _require(standing: dict[str, Any], limit: str, used: float, what: str) -> None:
    allowed = int(standing["plan"][limit])
    if allowed and used >= allowed:
        raise QuotaExceeded(
            f"The plan allows {allowed:,} {what}; {used:,.0f} are used.", details={"limit": limit, "allowed": allowed}
        )
