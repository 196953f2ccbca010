"""A form made from the JSON Schema of a run's inputs: one field per property, as JSON where no simpler field fits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from nexod.admin.fields import LinesField, read_json

Json = dict[str, Any]
LONG_TEXT = 300
PREFIX = "input"


class JsonValueField(forms.CharField):
    """Any JSON value."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(
            attrs={"rows": 5, "data-code": "", "spellcheck": "false", "class": "nx-code"}
        )
        super().__init__(widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> str:
        """Return the text to edit."""
        return value if isinstance(value, str) else "" if value is None else json.dumps(value, indent=2)

    def to_python(self, value: Any) -> Any:
        """Return the value; raise ValidationError where the text is no JSON."""
        return read_json(value) if value else None


class InputForm(forms.Form):
    """The inputs of one run; ``inputs()`` gives what ``start_run`` takes, which checks them against the schema again."""

    prefix = PREFIX

    def __init__(
        self, schema: Mapping[str, Any], data: Mapping[str, Any] | None = None, initial: Json | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        required = schema.get("required") or []
        for name, part in _properties(schema):
            self.fields[name] = _field(name, part, required=name in required)

    def inputs(self) -> Json:
        """Return the given values; what was left empty is left out, so that defaults apply."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}

    def refuse(self, details: Iterable[Mapping[str, Any]]) -> None:
        """Show complaints of ``start_run`` at their fields."""
        for item in details:
            name = str(item.get("field", "")).removeprefix("inputs").lstrip(".").split(".")[0]
            self.add_error(name if name in self.fields else None, str(item.get("message", "")))


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, Json]]:
    """Return the properties, the required ones first: the database does not keep the order of an object."""
    properties = schema.get("properties")
    found = properties if isinstance(properties, dict) else {}
    required = [name for name in schema.get("required") or [] if name in found]
    return [(name, found[name] if isinstance(found[name], dict) else {}) for name in dict.fromkeys([*required, *found])]


def _field(name: str, part: Json, *, required: bool) -> forms.Field:
    shared: Json = {
        "label": part.get("title") or name.replace("_", " ").capitalize(),
        "help_text": part.get("description", ""),
        "initial": part.get("default"),
        "required": required and part.get("type") != "boolean" and "default" not in part,
    }
    options = part.get("enum")
    if isinstance(options, list) and all(isinstance(option, str) for option in options):
        return _choice(options, shared)
    return _TYPES.get(str(part.get("type")), _json)(part, shared)


def _choice(options: list[str], shared: Json) -> forms.Field:
    blank = [] if shared["required"] else [("", "—")]
    return forms.ChoiceField(
        choices=[*blank, *((option, option) for option in options)], widget=UnfoldAdminSelectWidget(), **shared
    )


def _text(part: Json, shared: Json) -> forms.Field:
    longest = part.get("maxLength")
    long = part.get("format") == "textarea" or (isinstance(longest, int) and longest > LONG_TEXT)
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 5}) if long else UnfoldAdminTextInputWidget()
    return forms.CharField(widget=widget, max_length=longest, min_length=part.get("minLength"), **shared)


def _integer(part: Json, shared: Json) -> forms.Field:
    low, high = part.get("minimum"), part.get("maximum")
    return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget(), min_value=low, max_value=high, **shared)


def _number(part: Json, shared: Json) -> forms.Field:
    low, high = part.get("minimum"), part.get("maximum")
    widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "any"})
    return forms.FloatField(widget=widget, min_value=low, max_value=high, **shared)


def _boolean(part: Json, shared: Json) -> forms.Field:
    return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **shared)


def _array(part: Json, shared: Json) -> forms.Field:
    items = part.get("items")
    if not isinstance(items, dict) or items.get("type") != "string":
        return _json(part, shared)
    hint = f"{shared['help_text']} One per line.".strip()
    return LinesField(**{**shared, "help_text": hint})


def _json(part: Json, shared: Json) -> forms.Field:
    hint = f"{shared['help_text']} JSON.".strip()
    return JsonValueField(**{**shared, "help_text": hint})


_TYPES = {"string": _text, "integer": _integer, "number": _number, "boolean": _boolean, "array": _array}
