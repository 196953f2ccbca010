"""One value chooses the route by what it equals, as JSON counts equal."""

from __future__ import annotations

import pytest

from tests.definitions import Call, Everything, scored
from workflows.definitions import validate
from workflows.nodes.registry import get

CONFIG = {
    "value": "inputs.n",
    "cases": [{"route": "few", "equals": [1, 2.0]}, {"route": "word", "equals": ["many", None]}],
    "default": "other",
}


def route(n: object) -> str:
    return get("switch").run(Call(CONFIG, {"inputs": {"n": n}, "nodes": {}, "visits": {}, "run": {}})).route


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, "few"), (2, "few"), ("many", "word"), (None, "word"), (True, "other"), ("1", "other"), ({"a": 1}, "other")],
)
def test_the_first_case_that_equals_wins(n: object, expected: str):
    assert route(n) == expected


def test_a_value_that_is_taken_already_is_a_problem():
    config = {**CONFIG, "cases": [CONFIG["cases"][0], {"route": "again", "equals": [2, True]}], "default": "done"}
    document = scored(lambda d: d["nodes"][2].update(type="switch", config={**config, "value": "inputs.bar"}))
    document["edges"].append({"from": "gate", "to": "end", "when": "few"})
    assert [(p.code, p.field) for p in validate(document, Everything())] == [("repeated_case", "config.cases.1.equals")]
