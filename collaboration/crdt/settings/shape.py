"""What such a document means: a content put into it, read out of it, and changed in it. Knows no database.

The root ``settings`` has the fields: texts as Y.Text, objects as Y.Map, lists as Y.Array, all else as plain values. Where the
settings have rows (a crew's tasks), these are in a root of their own: key -> Y.Map, in the order of ``at``.
"""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, Map, Text

from agents.settings.kinds import Kind
from collaboration.crdt.shape.changing import arrange
from collaboration.crdt.shape.normal import plain
from collaboration.crdt.shape.reading import ordered, place_of, root
from collaboration.crdt.shape.values import Make, merge_map
from collaboration.crdt.shape.writing import keys_of, shared

Json = dict[str, Any]
ROOT = "settings"


def seed(doc: Doc[Any], kind: Kind, content: Json) -> None:
    """Put a content into an empty document. A row's key is its slug."""
    with doc.transaction():
        head = doc.get(ROOT, type=Map)
        for name in kind.fields:
            if name in content and name != kind.rows:
                head[name] = _value(kind, name, content[name])
        if kind.rows:
            _add(doc, kind, content.get(kind.rows, []))


def content_of(doc: Doc[Any], kind: Kind) -> Json:
    """Return what the document says, valid or not; raise TooDeep."""
    head = root(doc, ROOT)
    found = {name: head[name] for name in kind.fields if name in head and name != kind.rows}
    if kind.rows:
        found[kind.rows] = [_row(kind, row) for _, row in _rows(doc, kind)]
    return {name: found[name] for name in kind.fields if name in found}


def row_keys(doc: Doc[Any], kind: Kind) -> dict[str, str]:
    """Return the keys of the rows by their slugs, as ``keys_of`` tells those with one slug apart. Raises TooDeep."""
    there = _rows(doc, kind)
    return dict(zip(keys_of([_slug(row) for _, row in there]), (key for key, _ in there), strict=True))


def apply(doc: Doc[Any], kind: Kind, before: Json, after: Json) -> None:
    """Do to the document what leads from one content to the other; what others changed meanwhile stays. Raises TooDeep."""
    now, before, after = content_of(doc, kind), plain(before), plain(after)
    with doc.transaction():
        head = doc.get(ROOT, type=Map)
        names = [name for name in kind.fields if name in after and name != kind.rows and now.get(name) != after[name]]
        old = {name: before[name] for name in names if name in before}
        merge_map(head, old, {name: after[name] for name in names}, _make(kind), _inside)
        if kind.rows and now[kind.rows] != after.get(kind.rows):
            _apply_rows(doc, kind, before.get(kind.rows, []), after.get(kind.rows, []))


def empty(doc: Doc[Any], kind: Kind) -> None:
    """Take everything out, so that it can be read again."""
    for name in filter(None, (ROOT, kind.rows)):
        doc.get(name, type=Map).clear()


def _apply_rows(doc: Doc[Any], kind: Kind, before: list[Json], after: list[Json]) -> None:
    keys, rows = row_keys(doc, kind), doc.get(kind.rows, type=Map)
    old = dict(zip(keys_of([_slug(row) for row in before]), before, strict=True))
    new = dict(zip(keys_of([_slug(row) for row in after]), after, strict=True))
    for slug in old:
        if slug not in new and slug in keys:
            del rows[keys.pop(slug)]
    stood = [keys[slug] for slug in old if slug in keys]
    now = root(doc, kind.rows)
    for slug, row in new.items():
        if slug not in keys:
            keys |= _add(doc, kind, [row])
        elif isinstance(rows[keys[slug]], Map):
            fields = {name: value for name, value in row.items() if now[keys[slug]].get(name) != value}
            known = {name: value for name, value in old.get(slug, {}).items() if name in fields}
            merge_map(rows[keys[slug]], known, fields, lambda name, value: _row_value(kind, name, value), _inside)
    arrange(doc, kind.rows, [keys[slug] for slug in new if slug in keys], list(stood))


def _add(doc: Doc[Any], kind: Kind, added: list[Json]) -> dict[str, str]:
    """Put rows in behind those that are there; return the keys by the slugs."""
    rows = doc.get(kind.rows, type=Map)
    places = [place_of(row) for row in root(doc, kind.rows).values()]
    found = {}
    for place, row in enumerate(added, 1):
        key = _slug(row)
        while key in rows:
            key += "~"
        values = {name: _row_value(kind, name, row[name]) for name in kind.row_fields if name in row}
        rows[key] = Map({**values, "at": float(max([0, *places]) + place)})
        found[_slug(row)] = key
    return found


def _rows(doc: Doc[Any], kind: Kind) -> list[tuple[str, Json]]:
    return [(key, row) for key, row in ordered(root(doc, kind.rows)) if isinstance(row, dict)]


def _row(kind: Kind, row: Json) -> Json:
    return {name: row[name] for name in kind.row_fields if name in row}


def _slug(row: Json) -> str:
    """Return what the row is called, whatever a client wrote there."""
    return str(row.get("slug", ""))


def _make(kind: Kind) -> Make:
    return lambda name, value: _value(kind, name, value)


def _value(kind: Kind, name: str, value: Any) -> Any:
    if name in kind.texts and isinstance(value, str):
        return Text(value)
    return _map(value) if name in kind.parts and isinstance(value, dict) else _whole(value)


def _row_value(kind: Kind, name: str, value: Any) -> Any:
    return Text(value) if name in kind.row_texts and isinstance(value, str) else _whole(value)


def _whole(value: Any) -> Any:
    return shared(value) if isinstance(value, list) else plain(value)


def _inside(name: str, value: Any) -> Any:
    """Return a value of a part: people choose these, and two choices made at once should not become one text."""
    return _map(value) if isinstance(value, dict) else plain(value)


def _map(value: Json) -> Map[Any]:
    return Map({name: _inside(name, inner) for name, inner in sorted(value.items())})
