"""What changed between two versions of an agent: field by field, long texts and lists line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from agents.content import PLAIN
from tenants.accounts.models import User

FIELDS = (*PLAIN, "connection", "knowledge_bases")
Mark = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs, and the lines of both sides in reading order."""

    field: str
    before: Any
    after: Any
    lines: tuple[tuple[Mark, str], ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the fields in which the two contents differ, in the order in which people meet them."""
    return [
        Change(field, before.get(field), after.get(field), lines(before.get(field), after.get(field)))
        for field in FIELDS
        if before.get(field) != after.get(field)
    ]


def who_changed(
    before: Mapping[str, Any], after: Mapping[str, Any], written: Iterable[dict[str, Any]], author: User | None
) -> list[dict[str, Any]]:
    """Return ``[{"field", "by": [{"id", "name"}]}]`` of what differs: by whom it was written, or else by the author."""
    saved_by = [{"id": str(author.pk), "name": str(author)}] if author else []
    writers = {one["field"]: one["by"] for one in written}
    return [{"field": change.field, "by": writers.get(change.field) or saved_by} for change in changes(before, after)]


def lines(before: Any, after: Any) -> tuple[tuple[Mark, str], ...]:
    """Return the lines of both values in reading order; what is no text is told as JSON, what is empty by no line."""
    old, new = _text(before).splitlines(), _text(after).splitlines()
    told: list[tuple[Mark, str]] = []
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            told += [("same", line) for line in old[first:last]]
        else:
            told += [("gone", line) for line in old[first:last]] + [("new", line) for line in new[start:end]]
    return tuple(told)


def _text(value: Any) -> str:
    if value in (None, {}, []):
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
