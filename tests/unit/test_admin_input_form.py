"""A form made of a JSON Schema gives the values that the schema describes."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from nexod.admin.schema_form import InputForm

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["topic", "sure"],
    "properties": {
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "ratio": {"type": "number"},
        "sure": {"type": "boolean"},
        "tone": {"type": "string", "enum": ["dry", "warm"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "object"}},
        "extra": {"type": "object"},
        "topic": {"type": "string", "title": "The topic", "description": "What about", "minLength": 3},
    },
}
GOOD = {
    "input-topic": "Tides", "input-count": "4", "input-ratio": "0.5", "input-sure": "on", "input-tone": "dry",
    "input-tags": "a\n b \n\na", "input-rows": "[]", "input-extra": '{"x": 1}',
}  # fmt: skip


def test_the_values_have_the_types_of_the_schema():
    form = InputForm(SCHEMA, GOOD)
    assert form.is_valid(), form.errors
    assert form.inputs() == {
        "topic": "Tides", "count": 4, "ratio": 0.5, "sure": True, "tone": "dry", "tags": ["a", "b"], "extra": {"x": 1},
    }  # fmt: skip


def test_what_is_left_empty_is_left_out():
    form = InputForm(SCHEMA, {"input-topic": "Tides"})
    assert form.is_valid(), form.errors
    assert form.inputs() == {"topic": "Tides", "sure": False}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("topic", "", "required"),
        ("topic", "ab", "at least 3"),
        ("count", "10", "less than or equal to 9"),
        ("count", "many", "whole number"),
        ("tone", "loud", "valid choice"),
        ("extra", "{", "not JSON"),
    ],
)
def test_a_wrong_value_is_said_at_its_field(name: str, value: str, says: str):
    form = InputForm(SCHEMA, {**GOOD, f"input-{name}": value})
    assert not form.is_valid()
    assert says in str(form.errors[name])


def test_required_inputs_come_first_with_their_own_words():
    form = InputForm(SCHEMA)
    assert list(form.fields)[:2] == ["topic", "sure"]
    assert (form.fields["topic"].label, form.fields["topic"].help_text) == ("The topic", "What about")
    assert form.fields["count"].initial == 3


def test_a_long_text_gets_room():
    form = InputForm({"properties": {"a": {"type": "string", "maxLength": 5000}, "b": {"type": "string"}}})
    assert isinstance(form.fields["a"].widget, forms.Textarea)
    assert not isinstance(form.fields["b"].widget, forms.Textarea)


def test_complaints_of_the_action_find_their_field():
    form = InputForm(SCHEMA, GOOD)
    assert form.is_valid()
    form.refuse([{"field": "inputs.tags.0", "message": "too short"}, {"field": "inputs", "message": "no"}])
    assert form.errors == {"tags": ["too short"], "__all__": ["no"]}


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {"a": True}}, {"required": ["b"]}])
def test_a_schema_that_says_little_is_survived(schema: dict[str, Any]):
    assert InputForm(schema, {}).is_valid()
