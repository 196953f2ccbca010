"""What differs between two definitions is told by node and field."""

from __future__ import annotations

from typing import Any

from tests.definitions import scored
from workflows.definitions.changes import changes


def told(change: Any) -> list[tuple[str, str, str]]:
    return [(found.sort, found.node, found.field) for found in changes(scored(), scored(change))]


def test_nothing_differs_between_equals():
    assert told(lambda d: None) == []


def test_a_changed_prompt_is_told_with_both_texts():
    [found] = changes(scored(), scored(lambda d: d["nodes"][0]["config"].update(query="other")))
    assert (found.node, found.field, found.before, found.after) == (
        "look",
        "config.query",
        "{{ inputs.topic }}",
        "other",
    )


def test_added_and_removed_fields_and_nodes_are_told():
    assert told(lambda d: d["nodes"][0].update(title="T")) == [("added", "look", "title")]
    assert told(lambda d: d["nodes"][1]["config"].pop("prompt")) == [("removed", "ask", "config.prompt")]
    assert told(lambda d: d["nodes"].append({"id": "new", "type": "note"})) == [("added", "new", "")]
    assert told(lambda d: d["nodes"].pop()) == [("removed", "end", "")]


def test_edges_and_the_whole_are_told():
    assert told(lambda d: d["edges"].pop()) == [("removed", "gate", "edges")]
    assert told(lambda d: d["limits"].update(visits=4)) == [("changed", "", "limits.visits")]


def test_the_order_of_nodes_and_edges_is_no_difference():
    assert told(lambda d: (d["nodes"].reverse(), d["edges"].reverse())) == []
