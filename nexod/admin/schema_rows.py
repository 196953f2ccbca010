"""Form fields for lists and maps: a row for each item, and a blank one for the next.

Rows keep the order in which the browser sends them, so a row is moved by moving its fields on the page; rows of which nothing was
filled in are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django import forms

from nexod.admin.schema_parts import (
    KEY,
    VALUE,
    Json,
    Make,
    PartField,
    PartWidget,
    complaints,
    has_fields,
    is_blank,
    may_be_empty,
    object_of,
)

MOST_ROWS = 500
KEYS = "x-keys"
"""Names that a form offers for the keys of a map, put into the schema by whoever knows them."""


class RowsWidget(PartWidget):
    """The items of a list, or of a map with their keys: one row each, and a blank one for the next."""

    template = "nexod/schema_rows.html"

    def __init__(self, item: Json, make: Make, label: str = "", *, keys: Json | None = None) -> None:
        super().__init__(make, label)
        self.item, self.keyed = item, keys is not None
        self.whole = has_fields(item) and KEY not in item["properties"]
        self.known = list((keys or {}).get(KEYS, ()))
        self.schema = self._row_schema(str((keys or {}).get("title") or "Name"))

    def _row_schema(self, title: str) -> Json:
        if self.whole:
            inside, needed = dict(self.item["properties"]), list(self.item.get("required") or [])
        else:
            inside, needed = {VALUE: {"title": "Value", **self.item}}, [] if may_be_empty(self.item) else [VALUE]
        key = {KEY: {"type": "string", "title": title, "maxLength": 200, KEYS: self.known}} if self.keyed else {}
        return {"properties": {**key, **inside}, "required": [*key, *needed]}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        """Return the bound form of each row that was sent, in the order on the page."""
        row = re.compile(re.escape(name) + r"-\d{1,6}(?=-)")
        places = dict.fromkeys(found[0] for key in data if (found := row.match(key)))
        return [self.make(self.schema, data, prefix=place, inner=True) for place in places]

    def shown(self, name: str, value: Any) -> Json:
        """Return the rows, and what a new one looks like: scripts put its number where its ``token`` is."""
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        rows = [
            item if isinstance(item, forms.BaseForm) else self._unbound(f"{name}-{n}", self._initial(key, item))
            for n, (key, item) in enumerate(items)
        ]
        token = f"__row{name.count('__row')}__"
        return {
            "rows": rows,
            "blank": self._unbound(f"{name}-{token}", {}),
            "spare": self._unbound(f"{name}-{1 + max((_number(row) for row in rows), default=-1)}", {}),
            "token": token,
            "keyed": self.keyed,
            "known": self.known,
            "wide": len(self.schema["properties"]) == 1,
        }

    def _unbound(self, prefix: str, initial: Json) -> Any:
        return self.make(self.schema, None, initial, prefix=prefix, inner=True)

    def _initial(self, key: Any, item: Any) -> Json:
        inside = object_of(item) if self.whole else {VALUE: item}
        return {KEY: key, **inside} if self.keyed else inside


class RowsField(PartField):
    """A list, or a map, as rows."""

    widget: RowsWidget

    def is_filled(self, given: Any) -> bool:
        """Say whether any row is."""
        return any(not is_blank(row) for row in given)

    def clean(self, value: Any) -> Any:
        """Return the list or the map, None without rows; raise ValidationError with what is wrong in which row."""
        rows = [row for row in value if not is_blank(row)]
        if len(rows) > MOST_ROWS:
            raise forms.ValidationError(f"A form takes {MOST_ROWS} rows at most; use the JSON for more.")
        wrong = [f"Row {n}, {said}" for n, row in enumerate(rows, 1) if not row.is_valid() for said in complaints(row)]
        wrong = wrong or list(self._twice(rows))
        if wrong:
            raise forms.ValidationError(wrong)
        if not rows:
            if self.required:
                raise forms.ValidationError(self.error_messages["required"])
            return None
        if not self.widget.keyed:
            return [self._item(row.inputs()) for row in rows]
        return {row.cleaned_data[KEY]: self._item(row.inputs()) for row in rows}

    def _item(self, given: Json) -> Any:
        given.pop(KEY, None)
        return given if self.widget.whole else given.get(VALUE, "")

    def _twice(self, rows: list[Any]) -> Iterator[str]:
        seen: set[str] = set()
        for n, row in enumerate(rows, 1):
            key = row.cleaned_data.get(KEY) if self.widget.keyed else None
            if key is not None and key in seen:
                yield f"Row {n}: {key!r} is there already."
            seen.add(str(key))


def _number(row: Any) -> int:
    found = str(row.prefix).rpartition("-")[2]
    return int(found) if found.isdigit() else -1
