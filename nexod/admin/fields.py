"""Form fields of our own: lists written line by line, secrets that are written and never shown, JSON in a code field."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from nexod.http.bodies import require_storable
from nexod.kernel.errors import InvalidInput


class Lines(UnfoldAdminTextareaWidget):
    """A text area whose lines are the items of a list."""

    def format_value(self, value: Any) -> str:
        """Return one item per line."""
        return "\n".join(value) if isinstance(value, list | tuple) else str(value or "")


class LinesField(forms.CharField):
    """A list of texts, one per line; blank lines and doubles are dropped."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(widget=Lines(attrs={"rows": rows}), **{"required": False, **kwargs})

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        """Return the items."""
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the items, not the text."""
        return self.to_python(initial) != self.to_python(data)


class SecretField(forms.CharField):
    """A secret that goes in and never comes out: the field is always shown empty."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(widget=widget, **{"required": False, "strip": True, "max_length": 1000, **kwargs})


def read_json(text: str) -> Any:
    """Return the JSON value; raise ValidationError for what is none, is nested too deeply or cannot be stored."""
    try:
        found = json.loads(text)
        require_storable(found, text.encode(errors="replace"))
    except RecursionError as error:
        raise forms.ValidationError("This is nested too deeply.") from error
    except ValueError as error:
        raise forms.ValidationError(f"This is not JSON: {error}") from error
    except InvalidInput as error:
        raise forms.ValidationError(error.message) from error
    return found


class JsonObjectField(forms.CharField):
    """A JSON object, shown indented; empty is None."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        attributes = {"rows": rows, "class": "nx-code", "spellcheck": "false", "data-code": ""}
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs=attributes), **{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> str:
        """Return the text to edit."""
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value or ""

    def to_python(self, value: Any) -> dict[str, Any] | None:  # type: ignore[override]
        """Return the object; raise ValidationError where the text is none."""
        if not value or isinstance(value, dict):
            return value or None
        found = read_json(value)
        if not isinstance(found, dict):
            raise forms.ValidationError("This is JSON, but not an object.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the objects, not the text."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except forms.ValidationError:
            return True
