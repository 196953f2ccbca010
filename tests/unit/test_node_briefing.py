"""The briefing as people get it: laid out by the starter's own templates from what its crew gives."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workflows import starters
from workflows.definitions import parse, prepared_inputs
from workflows.expressions import truth
from workflows.nodes.structured import with_choices
from workflows.rendering import render

DEFINITION = parse(starters.get("briefing").definition)
SECTIONS = [
    {"heading": "Water", "text": "It must boil.", "citations": ["D2", "D2"]},
    {"heading": "Cups", "text": "Warm them.", "citations": ["D1", "D2"]},
]
VALUES: dict[str, Any] = {
    "inputs": {"topic": "tea", "bar": 6},
    "visits": {"draft": 1},
    "run": {"id": "r"},
    "nodes": {
        "retrieve": {
            "text": "[D1] ...",
            "ids": ["D1", "D2", "D3"],
            "passages": [
                {"ref": "D1", "document_title": "Cups and pots", "heading": "", "page": None},
                {"ref": "D2", "document_title": "On water", "heading": "Boiling", "page": 3},
                {"ref": "D3", "document_title": "Not cited", "heading": "", "page": None},
            ],
        },
        "draft": {
            "model_note": "Written by tiny.",
            "tasks": {
                "write": {"text": "{...}", "data": {"title": " Tea ", "summary": "Short.", "sections": SECTIONS}},
                "review": {"data": {"remarks": ["Too short."]}},
            },
        },
        "score": {"data": {"score": 4, "reasons": ["Thin.", "Dull."]}},
    },
}
BRIEFING = """\
# Tea

Short.

## Water

It must boil. [D2]

## Cups

Warm them. [D1] [D2]

## Sources

- **[D1]** Cups and pots
- **[D2]** On water, Boiling, page 3

---

*Written by tiny. Review score: 4 of 10.*"""


def config(node: str) -> dict[str, Any]:
    return DEFINITION.by_id[node].config


def values(**nodes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(VALUES)
    changed["nodes"].update(nodes)
    return changed


def test_citations_name_the_retrieved_documents():
    assert render(config("compose")["template"], VALUES) == BRIEFING


def test_only_retrieved_passages_can_be_cited():
    schema = with_choices(config("draft")["outputs"]["write"], VALUES)
    citations = schema["properties"]["sections"]["items"]["properties"]["citations"]
    assert citations["items"]["enum"] == ["D1", "D2", "D3"]


def test_the_first_draft_gets_no_feedback():
    first = {**VALUES, "nodes": {"retrieve": VALUES["nodes"]["retrieve"]}}
    assert render(config("draft")["inputs"]["feedback"], first).strip() == ""


def test_a_revision_gets_the_review_and_what_a_person_asked_for():
    text = render(config("draft")["inputs"]["feedback"], values(approve={"comment": "Say why."}))
    assert "Your last draft was: {...}" in text
    assert "The review says: Thin. Dull." in text
    assert "The editor asks for this change: Say why." in text


@pytest.mark.parametrize(("score", "drafts", "again"), [(5, 1, True), (5, 2, True), (5, 3, False), (6, 1, False)])
def test_a_low_score_is_revised_at_most_twice(score, drafts, again):
    [case] = config("gate")["cases"]
    found = values(score={"data": {"score": score, "reasons": []}}) | {"visits": {"draft": drafts}}
    assert truth(case["when"], found) is again


def test_the_approver_sees_score_and_reasons():
    text = render(config("approve")["instructions"], VALUES)
    assert text == "The review scored it 4 of 10 after 1 draft.\n- Thin.\n- Dull.\n"


def test_a_topic_is_all_that_must_be_given():
    assert prepared_inputs(DEFINITION, {"topic": "tea"}) == {"topic": "tea", "bar": 6}


def test_every_way_of_visits_stays_within_the_bound():
    """Three drafts by score, and one more for each time that a person may ask for changes."""
    assert 3 + config("approve")["max_changes"] < DEFINITION.limits.visits


def largest(schema: dict[str, Any]) -> int:
    """Return the characters of the largest answer, with room for the JSON around it."""
    if schema["type"] == "object":
        return sum(len(name) + 12 + largest(part) for name, part in schema["properties"].items())
    if schema["type"] == "array":
        return int(schema["maxItems"]) * (largest(schema["items"]) + 8)
    return int(schema.get("maxLength", 4))


def test_the_worst_answer_fits_the_tokens_that_a_second_try_gets():
    """A small model can spend a token on each character; the gateway doubles the room when an answer was cut."""
    starter = starters.get("briefing")
    tokens = {agent["slug"]: agent["max_tokens"] for agent in starter.agents}
    for task in starter.crews[0]["tasks"]:
        assert largest(config("draft")["outputs"][task["slug"]]) <= 2 * tokens[task["agent"]]
    assert largest(config("score")["output_schema"]) <= 2 * config("score")["max_tokens"]
