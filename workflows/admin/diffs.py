"""Two texts side by side as lines that are gone, new or the same, for pages to show."""

from __future__ import annotations

import difflib
import json
from typing import Any

MAX_LINES = 400
MARKS = {"-": "gone", "+": "new", " ": ""}


def lines_of(diff: str) -> list[tuple[str, str]]:
    """Return the lines of a unified diff, without its head."""
    rows = [row for row in diff.splitlines() if not row.startswith(("---", "+++", "@@"))]
    return [(MARKS.get(row[:1], ""), row[1:]) for row in rows]


def difference(before: Any, now: Any) -> list[tuple[str, str]]:
    """Return how two JSON values differ, all of their lines; nothing where they are the same."""
    if before == now:
        return []
    rows = difflib.ndiff(_lines(before), _lines(now))
    return [(MARKS[row[0]], row[2:]) for row in rows if row[0] in MARKS][:MAX_LINES]


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = []
        for name, item in sorted(value.items()):
            first, *rest = _lines(item) or [""]
            found += [f"{name}: {first}", *rest]
        return found
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    return text.splitlines()[:MAX_LINES]
