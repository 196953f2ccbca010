"""What form fields for JSON with an inside have in common: each is a small form, made by whoever knows schemas (``Make``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Json = dict[str, Any]
KEY, VALUE = "@key", "@value"


class Make(Protocol):
    """Makes the form of a schema's properties, bound where data is given."""

    def __call__(
        self, schema: Mapping[str, Any], data: Any = None, initial: Json | None = None, *, prefix: str, inner: bool
    ) -> Any:
        """Return the form."""


class PartWidget(forms.Widget):
    """What the widgets of parts share: no label of their own, and never left out of what is sent."""

    template = "nexod/schema_fields.html"

    def __init__(self, make: Make, label: str = "") -> None:
        super().__init__()
        self.make, self.label = make, label

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say no: a part of which nothing was filled in is empty."""
        return False

    def id_for_label(self, id_: str) -> str:
        """Return nothing: the label is of the fields together."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the fields; after a refusal with what was given."""
        return render_to_string(self.template, {"name": name, "label": self.label, **self.shown(name, value)})

    def shown(self, name: str, value: Any) -> Json:
        """Return what the template shows."""
        raise NotImplementedError


class PartField(forms.Field):
    """A field whose data are forms."""

    def is_filled(self, given: Any) -> bool:
        """Say whether anything was filled in."""
        return not is_blank(given)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the values."""
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


def complaints(form: Any) -> Iterator[str]:
    """Return what is wrong in a form, each with the label of its field."""
    for name, texts in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        yield from (f"{label}: {text}" if label and name != VALUE else str(text) for text in texts)


def is_blank(form: Any) -> bool:
    """Say whether nothing was filled in; what is chosen from a list in which something is always chosen does not count."""
    return not any(_is_filled(form, name, field) for name, field in form.fields.items())


def _is_filled(form: Any, name: str, field: forms.Field) -> bool:
    given = field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
    if isinstance(field, PartField):
        return field.is_filled(given)
    if isinstance(field, forms.ChoiceField) and field.required and not isinstance(field, forms.MultipleChoiceField):
        return len(form.fields) == 1 and bool(given)
    return bool(given.strip() if isinstance(given, str) else given)


def has_fields(schema: Any) -> bool:
    """Say whether a schema is of an object whose fields are all named."""
    named = isinstance(schema, dict) and bool(schema.get("properties")) and schema.get("type", "object") == "object"
    return named and not schema.get("additionalProperties")


def may_be_empty(part: Json) -> bool:
    """Say whether an empty text is a value of it."""
    return part.get("type") == "string" and not part.get("minLength") and "enum" not in part


def object_of(value: Any) -> Json:
    """Return the value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
