"""A whole form that somebody sent: what they changed in what they were shown is done to what is saved now, or refused."""

from __future__ import annotations

from typing import Any

from agents.errors import SettingsConflict
from agents.settings.kinds import Kind
from agents.settings.port import shared

Json = dict[str, Any]


def merged(kind: Kind, *, base: Json, now: Json, given: Json) -> Json:
    """Return ``now`` with what leads from ``base`` to ``given``: texts word by word. Raises SettingsConflict with the fields."""
    found, conflicts = dict(now), []
    for field, yours in given.items():
        before, theirs = base.get(field), now.get(field)
        if yours in (before, theirs):
            continue
        if theirs == before:
            found[field] = yours
            continue
        text = _text(kind, field, before, theirs, yours)
        if text is None:
            conflicts.append({"field": field, "message": "Somebody else changed this meanwhile.", "theirs": theirs})
        found[field] = text
    if conflicts:
        raise SettingsConflict(details=conflicts)
    return found


def _text(kind: Kind, field: str, *values: Any) -> str | None:
    if field not in kind.texts or not all(isinstance(value, str) for value in values):
        return None
    return shared().merged_text(*values)
