"""Values are made by expressions and templates, and later nodes know their names."""

from __future__ import annotations

import pytest

from tests.definitions import Call, Everything, chain
from workflows.definitions import validate
from workflows.expressions import ExpressionFailed
from workflows.nodes.registry import get

CONFIG = {
    "values": {"total": {"cel": "inputs.prices[0] + inputs.prices[1]"}, "line": {"template": "{{ inputs.name }}!"}}
}


def made(**inputs: object) -> dict[str, object]:
    return get("transform").run(Call(CONFIG, {"inputs": inputs, "nodes": {}, "visits": {}, "run": {}})).output


def test_each_value_is_made_in_its_own_way():
    assert made(prices=[2, 3], name="Ada") == {"total": 5, "line": "Ada!"}


def test_a_value_that_cannot_be_made_fails_the_step():
    with pytest.raises(ExpressionFailed):
        made(prices=[1], name="Ada")


def test_a_later_node_that_names_no_value_of_it_is_told_what_there_is():
    document = chain(3, lambda n: {"template": "{{ nodes.n0.totl }}" if n else "x"})
    document["nodes"][0] = {"id": "n0", "type": "transform", "config": {"values": {"total": {"cel": "1"}}}}
    [problem] = validate(document, Everything())
    assert (problem.code, problem.message) == ("unknown_field", "There is no 'totl' in nodes.n0; it has total.")
