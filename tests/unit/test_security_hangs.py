"""What tenants, their models and their documents say cannot keep a process that serves others busy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from agents.llm.structured import DoesNotFit, check_schema, parsed
from nexod.kernel.errors import InvalidInput

DOUBLING = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(30)}


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_a_pattern_cannot_be_made_to_try_every_way():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    answer = json.dumps({"a": "a" * 5_000 + "!"})

    def refused() -> None:
        with pytest.raises(DoesNotFit, match="a: 'aaaa"):
            parsed(answer, schema)

    assert seconds(refused) < 2


def test_references_cannot_grow_without_bound():
    with pytest.raises(InvalidInput, match="over 5,000 parts"):
        check_schema({"$ref": "#/$defs/d0", "$defs": {**DOUBLING, "d30": {"type": "object"}}})


def test_a_schema_cannot_make_us_call_an_address():
    with pytest.raises(InvalidInput, match="own parts"):
        check_schema({"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/latest"}}})


def test_thoughts_that_never_end_are_read_once():
    def refused() -> None:
        with pytest.raises(DoesNotFit):
            parsed("<think>" * 200_000, {"type": "object"})

    assert seconds(refused) < 2


def test_thoughts_are_left_out():
    answer = '<think>{"a": 1}</think> {"a": <think>no</think>2} <think>{"a": 3}'
    assert parsed(answer, {"type": "object"}) == {"a": 2}


def test_a_table_of_a_thousand_million_cells_is_shown_as_text():
    from nexod.admin.markdown import render

    wide = "|a" * 30_000 + "\n" + "|-" * 30_000 + "\n" + "|b\n" * 30_000
    shown = ""

    def show() -> None:
        nonlocal shown
        shown = render(wide)

    assert seconds(show) < 5
    assert "<table" not in shown
    assert "<td" in render("|a|b|\n|-|-|\n|c|\n")
