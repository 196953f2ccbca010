"""What a run makes of shapes that are far too large or never end: a clear error, or an end, and soon."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.test_maps import mapping
from tests.workbench import Bench, definition, node, output, text


@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_a_map_over_a_hundred_thousand_items_fails_at_once_with_both_numbers(bench: Bench, policy: str) -> None:
    run = bench.ran(mapping(text("w"), most=10_000, on_failure=policy), {"list": [0] * 100_000})
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "too_many_items", "m")
    assert "100,000" in run.error["message"]
    assert "10,000" in run.error["message"]
    assert [step.node for step in bench.steps(run.id)] == ["m"], "no item was begun"
    assert run.seconds < 10


def loop(most: int) -> dict[str, Any]:
    rounds = node("again", "loop", {"while": "true", "most": most})
    edges = ["a again", "again a again", "again end done"]
    end = node("end", "output", {"outputs": {"rounds": {"cel": "nodes.again.rounds"}}})
    return definition([text("a"), rounds, end], edges)


def test_a_loop_that_never_ends_ends_at_its_bound(bench: Bench) -> None:
    run = bench.ran(loop(99))
    assert (run.status, run.outputs) == ("completed", {"rounds": 99})
    [last] = [step for step in bench.steps(run.id) if step.node == "again" and step.visit == 100]
    assert last.output["exhausted"] is True
    assert run.seconds < 30


def test_loops_within_loops_end_at_the_bound_of_every_node(bench: Bench) -> None:
    """The inner one begins anew each time: a hundred visits of a node are the most that a run makes."""
    inner = node("inner", "loop", {"while": "true", "most": 99})
    outer = node("outer", "loop", {"while": "true", "most": 99})
    edges = ["a inner", "inner a again", "inner outer done", "outer a again", "outer end done"]
    run = bench.ran(definition([text("a"), inner, outer, output()], edges))
    assert (run.status, run.error["code"]) == ("failed", "visits_exceeded")
    assert len(bench.steps(run.id)) < 400
    assert run.seconds < 60
