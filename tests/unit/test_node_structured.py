"""Schemas of answers get the run's own choices; nothing else can be cited."""

from __future__ import annotations

import pytest

from workflows.nodes.errors import NothingToChooseFrom
from workflows.nodes.model_note import model_note
from workflows.nodes.structured import choice_expressions, schema_problems, with_choices

CITED = {
    "type": "object",
    "properties": {
        "citations": {"type": "array", "minItems": 1, "items": {"type": "string", "x-enum-from": "nodes.look.ids"}}
    },
}


def values(*ids):
    return {"inputs": {}, "nodes": {"look": {"ids": list(ids)}}, "visits": {}, "run": {}}


def test_choices_become_an_enum():
    items = with_choices(CITED, values("D1", "D2", "D1"))["properties"]["citations"]["items"]
    assert items == {"type": "string", "enum": ["D1", "D2"]}


def test_the_schema_itself_stays():
    with_choices(CITED, values("D1"))
    assert CITED["properties"]["citations"]["items"]["x-enum-from"] == "nodes.look.ids"


def test_with_nothing_to_choose_from_the_list_is_empty():
    citations = with_choices(CITED, values())["properties"]["citations"]
    assert (citations["minItems"], citations["maxItems"]) == (0, 0)


def test_a_single_choice_from_nothing_fails():
    schema = {"type": "object", "properties": {"best": {"x-enum-from": "nodes.look.ids"}}}
    with pytest.raises(NothingToChooseFrom):
        with_choices(schema, values())


def test_choices_inside_referenced_parts_are_filled_too():
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/c"}},
        "$defs": {"c": CITED["properties"]["citations"]},
    }
    filled = with_choices(schema, values("D9"))
    assert filled["properties"]["a"]["items"]["enum"] == ["D9"]


def test_the_expressions_are_told_with_their_place():
    assert list(choice_expressions(CITED, "output_schema")) == ["output_schema.properties.citations.items.x-enum-from"]


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "obj"}, {"$ref": "http://x/y"}])
def test_a_schema_that_cannot_be_asked_for_is_a_problem(schema):
    [problem] = schema_problems(schema, "ask", "config.output_schema")
    assert (problem.code, problem.node, problem.field) == ("bad_schema", "ask", "config.output_schema")


class Tiny:
    model = "tiny-135m"
    small = True


class Large:
    model = "large"
    small = False


def test_a_small_model_is_told_to_readers():
    assert model_note([Large(), Tiny(), Tiny()]).startswith("Written by large, tiny-135m. This is a small model")
    assert model_note([Large()]) == "Written by large."
    assert model_note([]) == ""
