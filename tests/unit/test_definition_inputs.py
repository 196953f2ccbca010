"""The inputs of a run: defaults, types, unknown names."""

from __future__ import annotations

import time

import pytest

from tests.definitions import scored
from workflows.definitions import InputsInvalid, parse, prepared_inputs


def prepared(inputs, **properties):
    return prepared_inputs(parse(scored(lambda d: d["inputs"]["properties"].update(properties))), inputs)


def refused(inputs, **properties):
    with pytest.raises(InputsInvalid) as caught:
        prepared(inputs, **properties)
    return caught.value


def test_defaults_are_filled_in():
    assert prepared({"topic": "x"}) == {"topic": "x", "bar": 6}


def test_a_given_value_stays():
    assert prepared({"topic": "x", "bar": 2})["bar"] == 2


def test_a_missing_input_is_told():
    assert "'topic' is a required property" in str(refused({}))


def test_a_wrong_type_is_told_with_its_name():
    assert refused({"topic": "x", "bar": "six"}).details[0]["field"] == "inputs.bar"


def test_an_unknown_input_is_refused():
    assert "tpic" in str(refused({"topic": "x", "tpic": "y"}))


@pytest.mark.parametrize("inputs", [None, [], "x", {"topic": "a\0"}, {"topic": float("nan")}])
def test_what_is_no_storable_object_is_refused(inputs):
    assert refused(inputs).code == "inputs_invalid"


def test_a_pattern_cannot_hang():
    began = time.perf_counter()
    assert refused({"topic": "a" * 50_000}, topic={"type": "string", "pattern": "^(a+)+$x"})
    assert time.perf_counter() - began < 1


def test_references_inside_the_schema_are_followed():
    document = scored()
    document["inputs"] = {
        "type": "object",
        "properties": {"who": {"$ref": "#/$defs/person"}},
        "$defs": {"person": {"type": "object", "required": ["name"]}},
    }
    with pytest.raises(InputsInvalid):
        prepared_inputs(parse(document), {"who": {}})
