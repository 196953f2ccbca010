"""A note stands beside the graph: it is no problem that nothing leads to it, and nothing may."""

from __future__ import annotations

from typing import Any

from tests.definitions import Everything, chain
from workflows.definitions import parse, validate
from workflows.engine.plan import planned


def noted(**changes: Any) -> dict[str, Any]:
    document = chain(2)
    document["nodes"].append({"id": "why", "type": "note", "config": {"text": "Because."}})
    return {**document, **changes}


def test_a_note_is_valid_and_never_planned():
    assert validate(noted(), Everything()) == []
    assert set(planned(parse(noted())).nodes) == {"n0", "n1"}


def test_no_edge_may_touch_a_note():
    edges = [*noted()["edges"], {"from": "n0", "to": "why"}, {"from": "why", "to": "n1"}]
    problems = validate(noted(edges=edges), Everything())
    assert [(p.code, p.field) for p in problems] == [("edge_of_note", "edges.1.to"), ("edge_of_note", "edges.2.from")]


def test_a_run_cannot_start_at_a_note():
    assert "start_is_note" in [problem.code for problem in validate(noted(start="why"), Everything())]
