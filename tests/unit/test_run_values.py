"""Values on their way through a run: as JSON that can be stored, and shortened for people."""

from __future__ import annotations

import pytest

from workflows.engine.given import given
from workflows.json_text import json_text, storable


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\0b", "a\ufffdb"),
        ("\\u0000", "\\u0000"),
        ("\\\0", "\\\ufffd"),
        ("x\ud800y", "x\ufffdy"),
        ("\ud83d\ude00", "😀"),
        ({"k\0": ["\0", 1, None, True]}, {"k\ufffd": ["\ufffd", 1, None, True]}),
        ((1, 2), [1, 2]),
        ({1: "x"}, {"1": "x"}),
    ],
)
def test_what_cannot_be_stored_is_replaced(value: object, stored: object) -> None:
    assert storable(value) == stored


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", float("nan"), float("inf")])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        json_text({"inside": [value]})


def test_a_value_inside_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="Circular"):
        json_text(value)


def test_people_see_the_values_that_were_named() -> None:
    values = {
        "inputs": {"topic": "tides", "n": 3},
        "nodes": {"a": {"data": {"x": [1]}, "text": "t" * 5000}},
        "visits": {},
    }
    seen = given(["inputs.n", "inputs.topic", "nodes.a.data.x", "nodes.a.text", "nodes.b.text", "nodes"], values)
    assert seen.keys() == {"inputs.n", "inputs.topic", "nodes.a.data.x", "nodes.a.text"}
    assert (seen["inputs.n"], seen["nodes.a.data.x"]) == (3, [1])
    assert seen["nodes.a.text"] == "t" * 999 + "…"
