"""Which fields of two contents differ."""

from __future__ import annotations

from typing import Any

from agents.settings.kinds import Kind

Json = dict[str, Any]
MISSING: Any = object()


def differing(kind: Kind, saved: Json, content: Json) -> list[str]:
    """Return the fields, in their order; of rows ``tasks.<slug>`` for a new or lost one, else ``tasks.<slug>.<field>``."""
    found = []
    for name in kind.fields:
        before, after = saved.get(name, MISSING), content.get(name, MISSING)
        if before != after:
            found += _rows(kind, before, after) if name == kind.rows else [name]
    return found


def _rows(kind: Kind, before: Any, after: Any) -> list[str]:
    old, new = _by_slug(before), _by_slug(after)
    found = []
    for slug in dict.fromkeys([*old, *new]):
        one, other = old.get(slug), new.get(slug)
        if one is None or other is None:
            found.append(f"{kind.rows}.{slug}")
        else:
            names = [name for name in kind.row_fields if one.get(name, MISSING) != other.get(name, MISSING)]
            found += [f"{kind.rows}.{slug}.{name}" for name in names]
    return found or [kind.rows]


def _by_slug(rows: Any) -> dict[str, Json]:
    return {str(row.get("slug", "")): row for row in rows} if isinstance(rows, list) else {}
