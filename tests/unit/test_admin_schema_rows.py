"""Lists, maps and choices between shapes have rows in a form, and come out of it as they went in."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from nexod.admin.schema_form import InputForm
from tests.admin import _Fields

WAYS: dict[str, Any] = {
    "oneOf": [
        {"type": "object", "properties": {"template": {"type": "string", "title": "Template", "format": "template"}},
         "required": ["template"], "additionalProperties": False},
        {"type": "object", "properties": {"cel": {"type": "string", "title": "Expression", "minLength": 1, "format": "cel"}},
         "required": ["cel"], "additionalProperties": False},
    ]
}  # fmt: skip
WHO: dict[str, Any] = {
    "type": "object",
    "properties": {"roles": {"type": "array", "items": {"type": "string", "enum": ["owner", "admin"]}},
                   "users": {"type": "array", "items": {"type": "string"}}, "expression": {"type": "string", "format": "cel"}},
}  # fmt: skip
SCHEMA: dict[str, Any] = {
    "properties": {
        "cases": {
            "type": "array",
            "title": "Cases",
            "items": {
                "type": "object",
                "required": ["route", "equals"],
                "properties": {
                    "route": {"type": "string", "title": "Route"},
                    "equals": {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
                    "loud": {"type": "boolean", "default": True},
                    "most": {"type": "integer", "default": 3},
                },
            },
        },
        "headers": {"type": "object", "additionalProperties": {"type": "string", "title": "Value"}},
        "values": {"type": "object", "title": "Values", "additionalProperties": WAYS},
        "expect": {"type": "array", "items": {"type": "integer"}},
        "quorum": {"oneOf": [{"enum": ["any", "all"]}, {"type": "integer"}]},
        "policy": {
            "type": "object",
            "properties": {
                "who": WHO,
                "due": {
                    "type": "object",
                    "properties": {
                        "after": {"type": "string"},
                        "escalate": {
                            "type": "array",
                            "items": {"type": "object", "required": ["after"],
                                      "properties": {"after": {"type": "string", "title": "After"}, "to": WHO}},
                        },
                    },
                },
                "schema": {"type": "object"},
            },
        },
    }
}  # fmt: skip
VALUE: dict[str, Any] = {
    "cases": [
        {"route": "b", "equals": ["5", 5, True, None, "DE", "", " x"]},
        {"route": "a", "equals": [0.5], "loud": False, "most": 3},
    ],
    "headers": {"X-Source": "nexod", "A": ""},
    "values": {"line": {"template": "{{ inputs.a }}\n!"}, "sum": {"cel": "1 + 1"}, "none": {"template": ""}},
    "expect": [200, 404],
    "quorum": 2,
    "policy": {
        "who": {"roles": ["owner"], "users": ["ann@a.test", "bob@a.test"]},
        "due": {
            "after": "2d",
            "escalate": [{"after": "4h", "to": {"roles": ["admin"], "expression": "['x']"}}, {"after": "1d"}],
        },
        "schema": {"type": "object"},
    },
}


def sent(form: InputForm) -> QueryDict:
    """Return what a browser would send if nobody changed anything."""
    parser = _Fields("f")
    parser.feed(f'<form id="f">{_without_spares(form.as_p())}</form>')
    data = QueryDict(mutable=True)
    for name, value in parser.found.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def _without_spares(page: str) -> str:
    """Leave out what a browser with scripts does not send: rows for those without, and what rows are made of."""
    import re

    page = re.sub(r"<noscript>.*?</noscript>", "", page, flags=re.S)
    while (shorter := re.sub(r"<template[^>]*>(?:(?!<template).)*?</template>", "", page, flags=re.S)) != page:
        page = shorter
    return page


def read(data: Any) -> dict[str, Any]:
    form = InputForm(SCHEMA, data)
    assert form.is_valid(), form.errors
    return form.inputs()


def test_what_goes_in_comes_out_and_keeps_its_order():
    found = read(sent(InputForm(SCHEMA, initial=VALUE)))
    assert found == VALUE
    assert list(found["values"]) == list(VALUE["values"])


def test_what_is_empty_is_left_out():
    assert read(sent(InputForm(SCHEMA))) == {}


def test_rows_come_in_the_order_in_which_they_are_sent():
    data = sent(InputForm(SCHEMA, initial={"cases": [{"route": name, "equals": [1]} for name in "abc"]}))
    moved = QueryDict(mutable=True)
    for row in (2, 0, 1):
        for name in data:
            if name.startswith(f"input-cases-{row}-"):
                moved.setlist(name, data.getlist(name))
    assert [case["route"] for case in read(moved)["cases"]] == ["c", "a", "b"]


def test_a_row_of_which_nothing_is_filled_in_is_no_row():
    data = sent(InputForm(SCHEMA, initial={"values": {"a": {"cel": "1"}}}))
    data["input-values-7-@key"], data["input-values-7-@value-way"], data["input-values-7-@value-0-template"] = (
        "",
        "0",
        " ",
    )
    assert read(data)["values"] == {"a": {"cel": "1"}}


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"input-cases-0-route": "a"}, "cases", "Row 1, Equals: This field is required."),
        ({"input-cases-0-equals": "5"}, "cases", "Row 1, Route: This field is required."),
        ({"input-values-0-@value-way": "1", "input-values-0-@value-1-cel": "1"}, "values", "Row 1, Name: This field is required."),
        ({"input-values-0-@key": "a", "input-values-0-@value-way": "1"}, "values", "Row 1, Expression: This field is required."),
        ({"input-headers-0-@key": "a", "input-headers-1-@key": "a"}, "headers", "Row 2: 'a' is there already."),
        ({"input-policy-due-escalate-3-to-users": "x"}, "policy", "Due: Escalate: Row 1, After: This field is required."),
        ({"input-policy-schema": "{"}, "policy", "Schema: This is not JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_row_and_its_field(more: dict[str, str], field: str, says: str):
    form = InputForm(SCHEMA, {**more})
    assert not form.is_valid()
    assert any(says in said for said in form.errors[field]), form.errors
    assert says.startswith("Row 2") or says.rpartition(": ")[2] in str(form[field]), "it is shown beside the field, too"


def test_more_rows_than_a_form_takes_are_refused_in_words():
    form = InputForm(SCHEMA, {f"input-headers-{n}-@key": f"k{n}" for n in range(501)})
    assert "500 rows" in str(form.errors["headers"])


def test_known_names_are_offered_for_the_keys_of_a_map():
    part = {"type": "object", "x-keys": ["city"], "additionalProperties": {"type": "string"}}
    page = str(InputForm({"properties": {"given": part}}, initial={"given": {"other": "x"}})["given"])
    assert '<option value="city">' in page
    assert 'value="other" list="input-given-known"' in page


def test_rows_can_be_added_without_a_script():
    page = str(InputForm(SCHEMA, initial={"headers": {"a": "b"}})["headers"])
    assert '<noscript><li class="nx-row-item" data-row="input-headers-1">' in page
