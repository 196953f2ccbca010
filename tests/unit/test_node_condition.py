"""The first case that holds chooses the route."""

from __future__ import annotations

import pytest

from tests.definitions import Call
from workflows.expressions import ExpressionFailed
from workflows.nodes.registry import get

CONFIG = {
    "cases": [{"route": "low", "when": "inputs.n < 3"}, {"route": "middle", "when": "inputs.n < 6"}],
    "default": "high",
}


def run(n):
    return get("condition").run(Call(CONFIG, {"inputs": {"n": n}, "nodes": {}, "visits": {}, "run": {}}))


@pytest.mark.parametrize(("n", "route"), [(1, "low"), (4, "middle"), (9, "high")])
def test_the_first_case_that_holds_wins(n, route):
    result = run(n)
    assert (result.route, result.output) == (route, {"route": route})


def test_a_case_that_cannot_be_evaluated_fails_the_step():
    with pytest.raises(ExpressionFailed):
        run("many")
