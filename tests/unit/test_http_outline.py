"""The reference page shows what the document says, and runs nothing that it says."""

from __future__ import annotations

import json
from typing import Any

from nexod.http.outline import groups, marked, rows, sample, words
from nexod.http.schema import describe_manners

TASK = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "maxLength": 9}}}
CREW = {
    "type": "object",
    "required": ["slug", "tasks"],
    "properties": {
        "slug": {"type": "string"},
        "process": {"allOf": [{"$ref": "#/components/schemas/Process"}], "description": "How it works"},
        "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}},
        "parent": {"oneOf": [{"$ref": "#/components/schemas/Crew"}, {"type": "null"}]},
    },
}
PROCESS = {"type": "string", "enum": ["sequential", "hierarchical"]}


def document(**operation: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Crew"}}}}
    answers = {"201": {"description": "", **body}}
    post = {"operationId": "crew_create", "tags": ["api-crews"], "requestBody": body, "responses": answers, **operation}
    schemas = {"Crew": CREW, "Task": TASK, "Process": PROCESS}
    return describe_manners({"paths": {"/api/v1/crews": {"post": post}}, "components": {"schemas": schemas}})


def test_nested_fields_follow_their_parent() -> None:
    found = [(row.name, row.depth, row.required) for row in rows(document(), {"$ref": "#/components/schemas/Crew"})]
    assert found == [
        ("slug", 0, True), ("process", 0, False), ("tasks", 0, True), ("name", 1, True), ("parent", 0, False)
    ]  # fmt: skip


def test_types_are_said_in_words() -> None:
    said = {row.name: row.type for row in rows(document(), CREW)}
    assert said["process"] == "sequential | hierarchical"
    assert said["tasks"] == "list of object"
    assert said["parent"] == "object or null"
    assert words({}, {"type": ["string", "null"], "format": "uuid"}) == "uuid or null"


def test_a_sample_fits_and_ends_even_when_a_schema_contains_itself() -> None:
    loop = {"components": {"schemas": {"Loop": {"properties": {"again": {"$ref": "#/components/schemas/Loop"}}}}}}
    assert sample(document(), CREW) == {"slug": "text", "tasks": []}
    assert json.dumps(sample(loop, {"$ref": "#/components/schemas/Loop"}))
    assert list(rows(loop, {"$ref": "#/components/schemas/Loop"}))


def test_an_operation_shows_its_key_body_answers_and_errors() -> None:
    (group,) = groups(document())
    (operation,) = group.operations
    assert group.title == "API crews"
    assert [row.name for row in operation.parameters] == ["Idempotency-Key"]
    assert [answer.status for answer in operation.answers] == ["201"]
    assert {answer.status for answer in operation.failures} >= {"400", "401", "403", "409", "422", "429"}


def test_descriptions_are_escaped() -> None:
    assert marked("<script>`a<b`") == "&lt;script&gt;<code>a&lt;b</code>"
    (group,) = groups(document(description="<img onerror=x>"))
    assert "<img" not in group.operations[0].description


def test_manners_do_not_replace_what_an_operation_says_itself() -> None:
    own = {"201": {"description": ""}, "409": {"description": "Taken"}}
    described = document(responses=own)["paths"]["/api/v1/crews"]["post"]
    assert described["responses"]["409"] == {"description": "Taken"}
    assert document()["security"] == [{"apiKey": []}, {"session": []}]
