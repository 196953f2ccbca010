"""Form fields for JSON values without an inside: 5 is a number, true is true, and "5" in quotes is a text."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


def read_scalar(text: str) -> Any:
    """Return what the text says as JSON where that is no object and no list, else the text itself."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(found, dict | list) or found in (float("inf"), float("-inf")) or found != found else found


def write_scalar(value: Any) -> str:
    """Return the text that is read as this value."""
    plain = isinstance(value, str) and value == value.strip() and value.isprintable() and value != ""
    return value if plain and read_scalar(value) is value else _json(value)


class _Typed(str):
    """What somebody typed, which is shown again as it was."""


class ScalarField(forms.CharField):
    """One value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}), **kwargs)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was typed."""
        return _Typed(data or "")

    def prepare_value(self, value: Any) -> Any:
        """Return the text to edit."""
        return value if isinstance(value, _Typed) or value is None else write_scalar(value)

    def to_python(self, value: Any) -> Any:
        """Return the value; None where nothing was written."""
        text = str(value or "").strip()
        return read_scalar(text) if text else None


class _Lines(UnfoldAdminTextareaWidget):
    def format_value(self, value: Any) -> str:
        return "\n".join(write_scalar(item) for item in value) if isinstance(value, list) else str(value or "")


class ScalarsField(forms.CharField):
    """A list of values, one per line; blank lines are dropped."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=_Lines(attrs={"rows": 2}), **kwargs)

    def to_python(self, value: Any) -> Any:
        """Return the values."""
        return [read_scalar(line.strip()) for line in str(value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the values, not the text."""
        return bool(self.to_python(data) != (initial or []))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
