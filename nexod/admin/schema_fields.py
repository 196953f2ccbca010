"""A form field whose value is a JSON object, edited part by part: a small form of its own within the form of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from nexod.admin.schema_form import InputForm
from nexod.admin.schema_groups import GroupWidget

Json = dict[str, Any]


class SchemaField(forms.Field):
    """A JSON object that its schema describes; the action that stores it checks it again."""

    def __init__(self, schema: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(widget=GroupWidget(schema, InputForm, inner=False), **{"required": False, **kwargs})

    def clean(self, value: Any) -> Json:
        """Return the object; raise ValidationError where a part is not valid."""
        if not value.is_valid():
            raise forms.ValidationError("See below.")
        return value.inputs()  # type: ignore[no-any-return]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the objects."""
        return not data.is_valid() or data.inputs() != (initial or {})
