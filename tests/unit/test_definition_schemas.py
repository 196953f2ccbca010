"""JSON Schemas that tenants write: references written out, growth and the network refused."""

from __future__ import annotations

import pytest

from workflows.schemas import SchemaRefused, complaints, usable


def test_references_are_written_out_in_place():
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/n", "title": "A"}},
        "$defs": {"n": {"type": "null"}},
    }
    assert usable(schema) == {"type": "object", "properties": {"a": {"type": "null", "title": "A"}}}


DOUBLING = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}, {"$ref": f"#/$defs/d{i + 1}"}]} for i in range(30)}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "https://example.com/schema"}, "own parts"),
        ({"$ref": "#/$defs/nope"}, "no part"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "refers to itself"),
        ({"$ref": "#/$defs/d0", "$defs": {**DOUBLING, "d30": {}}}, "over 5,000 parts"),
        ({"patternProperties": {"^a": {}}}, "patternProperties"),
        ({"pattern": "(?=a)b"}, "not usable"),
        ({"type": "strng"}, "not a JSON Schema"),
        (True, "object"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema, reason):
    with pytest.raises(SchemaRefused, match=reason):
        usable(schema)


def test_complaints_say_where():
    schema = usable({"properties": {"a": {"items": {"type": "string", "pattern": "^x"}}}})
    assert complaints({"a": ["x", "y"]}, schema) == [{"field": "a.1", "message": "'y' does not match '^x'"}]
    assert complaints({"a": ["x"]}, schema) == []


def test_complaints_are_bounded():
    assert len(complaints([0] * 100, {"items": {"type": "string"}})) == 20
