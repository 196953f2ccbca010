"""Definitions as nobody should write them, of every node type: large, deep, in any alphabet, without an end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.test_node_types import EXAMPLES, INPUTS, ROUTES
from tests.definitions import Call, Everything, chain
from workflows.definitions import parse, validate
from workflows.engine.plan import planned
from workflows.nodes import registry
from workflows.nodes.errors import TooManyItems

SECONDS = 15  # several times what it takes here
LARGEST = 5_000
ALPHABETS = {
    "Greek": "Σύνοψη της ημέρας",
    "Arabic": "ملخص اليوم",
    "Hebrew": "סיכום היום",
    "Chinese": "每日摘要",
    "Hindi": "दैनिक सारांश",
    "Thai": "สรุปประจำวัน",
    "emoji": "👩🏽‍🚀🗒️",
    "combining": "e\u0301" * 30,
    "right to left": "\u202eyrammus\u202c",
}


def every_type(count: int) -> dict[str, Any]:
    """Return a chain of ``count`` nodes in which every type comes again and again."""
    made = chain(count)
    made["inputs"] = INPUTS
    kinds = [kind for kind in registry.all_types() if kind.type not in ("note", "map", "loop")]
    for number, found in enumerate(made["nodes"][1:-1], 1):
        kind = kinds[number % len(kinds)]
        found.update(type=kind.type, config=EXAMPLES[kind.type])
    made["edges"] = [
        {"from": f"n{number}", "to": f"n{number + 1}", **({"when": label} if label else {})}
        for number in range(count - 1)
        for label in ROUTES.get(made["nodes"][number]["type"], [""])
    ]
    return made


def test_five_thousand_nodes_of_every_type_are_checked_quickly() -> None:
    made = every_type(LARGEST)
    began = time.perf_counter()
    assert validate(made, Everything()) == []
    assert time.perf_counter() - began < SECONDS


def test_five_thousand_nodes_that_are_all_wrong_are_told_quickly_and_in_bounds() -> None:
    made = every_type(LARGEST)
    for found in made["nodes"]:
        found["config"] = {"colour": "red"}
    began = time.perf_counter()
    problems = validate(made, Everything())
    assert time.perf_counter() - began < SECONDS
    assert len(problems) == 101
    assert problems[-1].code == "too_many_problems"


def test_five_thousand_joins_with_all_the_edges_that_are_allowed_are_checked_quickly() -> None:
    """What is asked of each join must not go through all edges."""
    made = chain(LARGEST)
    for found in made["nodes"][1:-1]:
        found.update(type="join", config={"mode": "any"})
    ahead = range(2, 5)
    made["edges"] += [
        {"from": f"n{i}", "to": f"n{i + far}"} for i in range(LARGEST) for far in ahead if i + far < LARGEST
    ]
    began = time.perf_counter()
    assert {problem.code for problem in validate(made, Everything())} == {"bad_join", "too_many_problems"}
    assert time.perf_counter() - began < SECONDS


@pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.type)
def test_a_config_nested_beyond_a_hundred_is_refused(kind: Any) -> None:
    deep: Any = "x"
    for _ in range(101):
        deep = {"a": deep}
    made = chain(3)
    made["nodes"][1].update(type=kind.type, config={"deep": deep})
    [problem] = validate(made, Everything())
    assert (problem.code, "100 levels" in problem.message) == ("too_large", True)


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_titles_and_values_take_any_alphabet(alphabet: str) -> None:
    words = ALPHABETS[alphabet]
    made = chain(3)
    made["name"] = words
    made["nodes"][1].update(title=words, config={"template": words})
    assert validate(made, Everything()) == []
    assert parse(made).nodes[1].title == words


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_a_name_that_expressions_could_not_say_is_refused_with_its_place(alphabet: str) -> None:
    made = chain(3)
    made["nodes"][1]["id"] = ALPHABETS[alphabet]
    [problem] = validate(made, Everything())
    assert (problem.code, problem.node, problem.field) == ("malformed", ALPHABETS[alphabet], "id")


def test_a_hundred_thousand_items_are_refused_at_once() -> None:
    began = time.perf_counter()
    call = Call({"items": "inputs.list", "each": "w"}, {"inputs": {"list": list(range(100_000))}})
    with pytest.raises(TooManyItems, match="100,000 items, and this step takes 1,000 at most"):
        registry.get("map").run(call)
    assert time.perf_counter() - began < 3


def test_nobody_can_allow_a_map_a_hundred_thousand_items() -> None:
    made = chain(3)
    made["nodes"][1].update(type="map", config={"items": "[1]", "each": "w", "most": 100_000})
    made["nodes"].append({"id": "w", "type": "template", "config": {"template": "x"}})
    assert [(p.node, p.field) for p in validate(made, Everything())] == [("n1", "config.most")]


def test_a_cycle_without_a_bound_and_a_loop_without_one_are_refused() -> None:
    made = chain(3)
    made["edges"].append({"from": "n1", "to": "n0"})
    assert "endless_cycle" in {problem.code for problem in validate(made, Everything())}
    for most in (None, 0, 100_000):
        config = {"while": "true", **({} if most is None else {"most": most})}
        looped = chain(3)
        looped["nodes"][1].update(type="loop", config=config)
        looped["edges"] = [
            {"from": "n0", "to": "n1"},
            {"from": "n1", "to": "n0", "when": "again"},
            {"from": "n1", "to": "n2", "when": "done"},
        ]
        assert ("n1", "config.most") in {(p.node, p.field) for p in validate(looped, Everything())}


def test_the_largest_definition_is_planned_quickly() -> None:
    parsed = parse(every_type(LARGEST))
    began = time.perf_counter()
    assert len(planned(parsed).nodes) == LARGEST
    assert time.perf_counter() - began < SECONDS
