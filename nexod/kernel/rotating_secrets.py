"""Signing secrets at rest, rotated with an overlap: ``[{"secret": <token>, "until": <ISO time or null>}]``, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nexod.kernel.secrets import decrypt, encrypt

Stored = list[dict[str, Any]]
KEPT = 5


def rotated(stored: Stored, secret: str, *, bound_to: str, now: datetime, until: datetime) -> Stored:
    """Return what to store when ``secret`` takes over; the one before it is valid ``until`` then."""
    former = [{**one, "until": one["until"] or until.isoformat()} for one in stored if _is_valid(one, now)]
    return [{"secret": encrypt(secret, bound_to=bound_to), "until": None}, *former][:KEPT]


def valid_secrets(stored: Stored, *, bound_to: str, now: datetime) -> list[str]:
    """Return the secrets that are valid now, the newest first."""
    return [decrypt(one["secret"], bound_to=bound_to) for one in stored if _is_valid(one, now)]


def _is_valid(one: dict[str, Any], now: datetime) -> bool:
    return one["until"] is None or datetime.fromisoformat(one["until"]) > now
