"""What is no JSON Schema is refused as the library refuses it; what was found sound once is not looked at again."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator, SchemaError
from jsonschema_specifications import REGISTRY

from nexod.kernel import schema_soundness
from nexod.kernel.json_schemas import SchemaRefused, usable
from nexod.kernel.schema_soundness import META, VOCABULARIES, require_sound
from tests.definitions import Everything
from workflows.definitions import validate

SOUND: list[Any] = [
    {}, {"type": "object"}, {"type": ["string", "null"]}, {"properties": {"a": True, "b": {"enum": [1, None]}}},
    {"items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"const": 1}}}, {"allOf": [{"not": {}}], "if": {}, "then": {}, "minimum": 1.5},
    {"additionalProperties": {"type": "array", "prefixItems": [{}], "contains": {}, "minContains": 0}}, {"x-mine": {"type": 5}},
    {"unevaluatedProperties": False, "dependentRequired": {"a": ["b"]}, "format": "email", "contentMediaType": "text/plain"},
]  # fmt: skip
UNSOUND: list[Any] = [
    {"type": "strng"}, {"type": 5}, {"type": []}, {"properties": []}, {"properties": {"a": 1}}, {"items": []},
    {"required": "a"}, {"required": ["a", "a"]}, {"enum": 1}, {"minimum": "1"}, {"maxLength": -1}, {"maxLength": 1.5},
    {"allOf": []}, {"anyOf": [{"type": "x"}]}, {"additionalProperties": 3}, {"pattern": 5}, {"$defs": {"a": {"type": 1}}},
    {"properties": {"a": {"items": {"properties": {"b": {"uniqueItems": "yes"}}}}}}, {"title": 5}, {"multipleOf": 0},
    {"$id": 5}, {"$ref": 5}, {"$schema": 1}, {"$defs": 5}, {"$dynamicRef": 1},
    {"if": {"type": "no"}}, {"propertyNames": {"type": "no"}}, {"dependentRequired": {"a": "b"}}, {"unevaluatedItems": 1},
]  # fmt: skip


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_soundness, "_known", {})


@pytest.mark.parametrize("schema", [*SOUND, *(REGISTRY[f"{META}{name}"].contents for name in VOCABULARIES)], ids=str)
def test_what_the_library_takes_is_taken(schema: Any):
    Draft202012Validator.check_schema(schema)
    require_sound(schema)


@pytest.mark.parametrize("schema", UNSOUND, ids=str)
def test_what_the_library_refuses_is_refused_in_its_words(schema: Any):
    with pytest.raises(SchemaError) as theirs:
        Draft202012Validator.check_schema(schema)
    for _ in range(2):
        with pytest.raises(SchemaError) as ours:
            require_sound(schema)
        assert ours.value.message == theirs.value.message


def test_the_own_reading_decides_and_not_the_librarys(monkeypatch: pytest.MonkeyPatch):
    """Everything that is sound is taken without asking the library, else the time would be its own again."""
    monkeypatch.setattr(Draft202012Validator, "check_schema", lambda schema: pytest.fail(f"asked about {schema}"))
    for schema in SOUND:
        require_sound(schema)


def test_the_same_is_looked_at_once_and_little_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema_soundness, "MOST_KNOWN", 3)
    for number in range(10):
        require_sound({"title": str(number)})
    assert len(schema_soundness._known) == 3
    monkeypatch.setattr(schema_soundness, "_whole", lambda: pytest.fail("looked at again"))
    require_sound({"title": "9"})


def test_a_change_to_a_schema_is_seen():
    schema: dict[str, Any] = {"properties": {"a": {"type": "string"}}}
    usable(schema)
    schema["properties"]["a"]["type"] = "strng"
    with pytest.raises(SchemaRefused):
        usable(schema)


def test_five_thousand_different_schemas_are_checked_in_seconds():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "integer"}}},
    }
    nodes = [
        {"id": f"n{i}", "type": "llm", "config": {"prompt": "x", "output_schema": {**schema, "title": str(i)}}}
        for i in range(5_000)
    ]
    edges = [{"from": f"n{i}", "to": f"n{i + 1}"} for i in range(4_999)]
    document = {"format": "nexod.workflow/1", "name": "Large", "start": "n0", "nodes": nodes, "edges": edges}
    began = time.process_time()
    assert [problem.code for problem in validate(document, Everything())] == ["no_output"]
    assert time.process_time() - began < 4
