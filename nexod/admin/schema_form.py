"""A form made from the JSON Schema of an object: one field per property, rows for lists and maps, JSON where nothing simpler fits.

The fields of parts inside (``inner``) fill in no defaults, so that what a document leaves unsaid stays unsaid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from nexod.admin.fields import LinesField, read_json
from nexod.admin.scalars import SCALARS, ScalarField, ScalarsField
from nexod.admin.schema_groups import GroupField, GroupWidget, WaysField, WaysWidget
from nexod.admin.schema_parts import has_fields
from nexod.admin.schema_rows import KEYS, RowsField, RowsWidget

Json = dict[str, Any]
LONG_TEXT = 300
PREFIX = "input"
CODE = {"template": 4, "cel": 2}
"""Formats of texts that are little programs, kept as they are typed, and with how many lines their fields begin."""
CHOICES = "x-choices"
"""Names and labels that a form offers for a property, put into the schema by whoever knows them."""


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
    """The inputs of one run, the settings of one tool; ``inputs()`` gives what an action takes, which checks it again."""

    prefix = PREFIX

    def __init__(
        self,
        schema: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        initial: Json | None = None,
        prefix: str | None = None,
        inner: bool = False,
    ) -> None:
        super().__init__(data, initial=initial, prefix=prefix, use_required_attribute=not inner)
        required = schema.get("required") or []
        for name, part in _properties(schema):
            self.fields[name] = _field(name, part, required=name in required, inner=inner)

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


def _field(name: str, part: Json, *, required: bool, inner: bool) -> forms.Field:
    default = part.get("default")
    shared: Json = {
        "label": part.get("title") or name.replace("_", " ").capitalize(),
        "help_text": part.get("description", ""),
        "initial": None if inner else default,
        "required": required and (inner or part.get("type") != "boolean") and default is None,
    }
    if inner and default is not None:
        usual = ", ".join(map(str, default)) if isinstance(default, list) else default
        shared["help_text"] = f"{shared['help_text']} Left empty: {usual}.".strip()
    named = part.get(CHOICES)
    if isinstance(named, list):
        return _named_choice(named, shared)
    options = part.get("enum")
    if isinstance(options, list) and all(isinstance(option, str) for option in options):
        return _choice(options, shared)
    if inner and part.get("type") == "boolean":
        return _yes_or_no(shared)
    return _FIELDS.get(_kind(part), _json)(part, shared)


def _kind(part: Json) -> str:
    """Return which sort of field a part wants."""
    shapes = _shapes(part)
    if shapes and all(has_fields(shape) for shape in shapes):
        return "ways"
    if shapes and all(_is_scalar(shape) for shape in shapes):
        return "scalar"
    kind = part.get("type")
    if kind == "object":
        return "group" if has_fields(part) else "map" if isinstance(part.get("additionalProperties"), dict) else ""
    return kind if isinstance(kind, str) else "scalar" if isinstance(kind, list) and SCALARS.issuperset(kind) else ""


def _shapes(part: Json) -> list[Json]:
    found = part.get("oneOf") or part.get("anyOf")
    return [shape for shape in found if isinstance(shape, dict)] if isinstance(found, list) else []


def _is_scalar(part: Json) -> bool:
    kinds = part.get("type")
    said = kinds if isinstance(kinds, list) else [kinds]
    return "const" in part or "enum" in part or SCALARS.issuperset(said)


def _choice(options: list[str], shared: Json) -> forms.Field:
    blank = [] if shared["required"] else [("", "—")]
    return forms.ChoiceField(
        choices=[*blank, *((option, option) for option in options)], widget=UnfoldAdminSelectWidget(), **shared
    )


def _named_choice(named: list[tuple[str, str]], shared: Json) -> forms.Field:
    return forms.ChoiceField(choices=[("", "—"), *named], widget=UnfoldAdminSelectWidget(), **shared)


def _yes_or_no(shared: Json) -> forms.Field:
    """Return a field that tells no from nothing said."""
    words = [("", "—"), ("yes", "Yes"), ("no", "No")]
    return _YesOrNo(
        choices=words, coerce=lambda word: word == "yes", empty_value=None, widget=UnfoldAdminSelectWidget(), **shared
    )


class _YesOrNo(forms.TypedChoiceField):
    def prepare_value(self, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _text(part: Json, shared: Json) -> forms.Field:
    longest, form = part.get("maxLength"), part.get("format")
    if form in CODE:
        attributes = {"rows": CODE[form], "class": "nx-code", "spellcheck": "false", "data-code": ""}
        return forms.CharField(
            widget=UnfoldAdminTextareaWidget(attrs=attributes), max_length=longest, strip=False, **shared
        )
    long = form == "textarea" or (isinstance(longest, int) and longest > LONG_TEXT)
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
    if not isinstance(items, dict):
        return _json(part, shared)
    if _kind(items) in ("group", "ways", "map"):
        return RowsField(widget=RowsWidget(items, InputForm, shared["label"]), **shared)
    hint = f"{shared['help_text']} One per line.".strip()
    if isinstance(items.get("enum"), list) and items.get("type") == "string":
        ticks = UnfoldAdminCheckboxSelectMultipleWidget()
        return forms.MultipleChoiceField(choices=[(option, option) for option in items["enum"]], widget=ticks, **shared)
    if items.get("type") == "string":
        return LinesField(**{**shared, "help_text": hint})
    return ScalarsField(**{**shared, "help_text": hint}) if _is_scalar(items) else _json(part, shared)


def _map(part: Json, shared: Json) -> forms.Field:
    names = part.get("propertyNames")
    keys = {**(names if isinstance(names, dict) else {}), KEYS: part.get(KEYS, [])}
    widget = RowsWidget(part["additionalProperties"], InputForm, shared["label"], keys=keys)
    return RowsField(widget=widget, **shared)


def _group(part: Json, shared: Json) -> forms.Field:
    return GroupField(widget=GroupWidget(part, InputForm, shared["label"]), **shared)


def _ways(part: Json, shared: Json) -> forms.Field:
    widget = WaysWidget(_shapes(part), InputForm, shared["label"], required=shared["required"])
    return WaysField(widget=widget, **shared)


def _scalar(part: Json, shared: Json) -> forms.Field:
    return ScalarField(**shared)


def _json(part: Json, shared: Json) -> forms.Field:
    hint = f"{shared['help_text']} JSON.".strip()
    return JsonValueField(**{**shared, "help_text": hint})


_FIELDS = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "map": _map,
    "group": _group,
    "ways": _ways,
    "scalar": _scalar,
}
