"""A loop goes round as long as it should, and no more often than it may."""

from __future__ import annotations

from typing import Any

from tests.definitions import Call, Everything, chain
from workflows.definitions import parse, validate
from workflows.engine.plan import planned
from workflows.nodes.registry import get

CONFIG = {"while": "inputs.more", "most": 2}


def rounds(*more: bool, inside: tuple[dict[str, Any], ...] = ()) -> list[tuple[str, int, bool]]:
    """Return what the loop gave on each visit, when ``more`` is what its expression finds."""
    before: dict[str, Any] = inside[-1] if inside else {}
    found = []
    for wanted in more:
        nodes = {"n": before} if before else {}
        before = get("loop").run(Call(CONFIG, {"inputs": {"more": wanted}, "nodes": nodes})).output
        found.append((before["route"], before["rounds"], before["exhausted"]))
    return found


def test_it_goes_round_until_the_expression_fails():
    assert rounds(True, False) == [("again", 1, False), ("done", 1, False)]


def test_it_never_goes_round_more_often_than_it_may():
    assert rounds(True, True, True) == [("again", 1, False), ("again", 2, False), ("done", 2, True)]


def test_a_loop_that_is_entered_again_begins_anew():
    assert rounds(True, False, True) == [("again", 1, False), ("done", 1, False), ("again", 1, False)]


def looping(most: int, **limits: Any) -> dict[str, Any]:
    document = chain(3)
    document["nodes"][1] = {"id": "n1", "type": "loop", "config": {"while": "true", "most": most}}
    document["edges"] = [
        {"from": "n0", "to": "n1"},
        {"from": "n1", "to": "n0", "when": "again"},
        {"from": "n1", "to": "n2", "when": "done"},
    ]
    return {**document, **limits}


def test_a_loop_bounds_its_cycle_by_itself():
    assert validate(looping(50), Everything()) == []
    assert planned(parse(looping(50))).nodes["n0"].visits == 100


def test_more_rounds_than_the_limits_allow_are_a_problem():
    problems = validate(looping(5, limits={"visits": 5}), Everything())
    assert [(p.code, p.node, p.field) for p in problems] == [("bound_too_high", "n1", "config.most")]
