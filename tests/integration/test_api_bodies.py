"""Bodies that are none: refused everywhere with the field that is wrong, and nothing is changed by them."""

from __future__ import annotations

import json
import re

import pytest

from nexod.http import schema
from tenants.context import enter_tenant
from tests.content import fill
from tests.program import JSON
from tests.routes import routes

UPLOAD = "documents"
BODIES = [route for route in routes() if route.method in ("post", "patch") and route.pattern != UPLOAD]
# What takes no body does not read it.
EMPTY = (
    "cancel", "claim", "release", "pause", "resume", "read", "documents/<uuid:pk>/retry", "restore", "redeliver", "ping", "refresh",
    "model-connections/<uuid:pk>/test", "comments/<uuid:pk>/resolve", "comments/<uuid:pk>/reopen", "comments/<uuid:pk>/seen",
)  # fmt: skip
READING = [route for route in BODIES if not route.pattern.endswith(EMPTY)]
MEGABYTE = 1024 * 1024
PARAMETER = re.compile(r"{[^}]*}")


@pytest.fixture
def one(acme, person):
    """Return one of everything in acme."""
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def send(program, route, content, body: bytes, media_type=JSON):
    client = program("acme", "owner").client
    return getattr(client, route.method)(f"/api/v1/{route.of(content)}", body, content_type=media_type)


def code(response) -> str:
    return response.json()["error"]["code"]


@pytest.mark.parametrize("route", READING, ids=str)
@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe{}", b'{"a": NaN}', b"{'a': 1}"], ids=["cut", "utf16", "nan", "quotes"]
)
def test_what_is_no_json_is_refused(program, one, route, body):
    refused = send(program, route, one, body)
    assert (refused.status_code, code(refused)) == (400, "malformed"), refused.content


@pytest.mark.parametrize("route", READING, ids=str)
@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"true"], ids=str)
def test_json_that_is_no_object_is_refused(program, one, route, body):
    refused = send(program, route, one, body)
    assert (refused.status_code, code(refused)) == (400, "invalid"), refused.content


@pytest.mark.parametrize("route", READING, ids=str)
def test_fields_that_do_not_exist_are_refused_by_name(program, one, route):
    refused = send(program, route, one, b'{"nmae": "x"}')
    assert (refused.status_code, code(refused)) == (400, "invalid"), refused.content
    assert "nmae" in {problem["field"] for problem in refused.json()["error"]["details"]}


@pytest.mark.parametrize("route", READING, ids=str)
def test_a_body_that_is_too_large_is_refused(program, one, route):
    refused = send(program, route, one, b'{"name": "' + b"x" * MEGABYTE + b'"}')
    assert (refused.status_code, code(refused)) == (413, "too_large")


@pytest.mark.parametrize("route", READING, ids=str)
def test_json_that_is_too_deep_is_refused(program, one, route):
    refused = send(program, route, one, b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert refused.status_code == 400


@pytest.mark.parametrize("route", READING, ids=str)
def test_a_body_of_another_kind_is_refused(program, one, route):
    refused = send(program, route, one, b"name=x", "application/x-www-form-urlencoded")
    assert (refused.status_code, code(refused)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("route", READING, ids=str)
def test_every_field_of_a_wrong_type_is_told(program, one, route):
    fields = body_fields(route)
    assert fields
    fields = {name: field for name, field in fields.items() if not takes_anything(field)}
    wrong = {name: "text" if takes_parts(field) else {} for name, field in fields.items()}
    refused = send(program, route, one, json.dumps(wrong).encode())
    assert refused.status_code == 400, refused.content
    assert {problem["field"].split(".")[0] for problem in refused.json()["error"]["details"]} == set(fields)


def takes_anything(field):
    """Say whether every JSON value fits the field."""
    return not field.keys() - {"description"} or {} in field.get("oneOf", ())


def takes_parts(field):
    """Say whether the field takes an object or a list, described in place or by reference."""
    return field.get("type") in ("object", "array") or bool({"$ref", "allOf", "oneOf"} & set(field))


def body_fields(route):
    """Return the fields of the body by name, with their schemas, as the OpenAPI document has them."""
    document = schema.document("nexod.urls")
    known = {PARAMETER.sub("{}", path): found for path, found in document["paths"].items()}
    path = f"/api/v1/{re.sub(r'<[^>]*>', '{}', route.pattern)}"
    body = known[path][route.method]["requestBody"]["content"][JSON]["schema"]
    return document["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]["properties"]
