"""The OpenAPI document: valid, complete, the same as last time, and true of what the API answers.

After a wanted change: ``UPDATE_OPENAPI=1 .venv/bin/python -m pytest tests/contract/test_openapi.py``, then read the diff.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from django.utils.html import escape
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tenants.context import enter_tenant
from tests.content import GREETING, fill
from tests.routes import PUBLIC, routes

SNAPSHOT = Path(__file__).parent / "openapi.json"
STREAM = "runs/<uuid:run_id>/events"
ROUTES = [route for route in routes() if route.pattern != PUBLIC]
ANSWERS = [route for route in ROUTES if route.is_safe and route.pattern != STREAM]
PARAMETER = re.compile(r"{[^}]*}|<[^>]*>")


@pytest.fixture(scope="module")
def document():
    """Return the document as it is generated now."""
    GENERATOR_STATS.reset()
    found = SchemaGenerator(urlconf="nexod.urls").get_schema(request=None, public=True)
    assert not GENERATOR_STATS, (
        f"warnings: {dict(GENERATOR_STATS._warn_cache)}, errors: {dict(GENERATOR_STATS._error_cache)}"
    )
    return json.loads(json.dumps(found, default=str))


def operations(document):
    return {f"{method} {path}": op for path, methods in document["paths"].items() for method, op in methods.items()}


def documented(document, route):
    """Return the operation that describes the route, or None."""
    wanted = PARAMETER.sub("{}", f"/api/v1/{route.pattern}")
    for path, methods in document["paths"].items():
        if PARAMETER.sub("{}", path) == wanted:
            return methods.get(route.method)
    return None


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


def test_it_is_what_it_was(document):
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_OPENAPI"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == document, __doc__


def test_every_address_is_described_and_nothing_else(document):
    assert [str(route) for route in ROUTES if documented(document, route) is None] == []
    assert len(operations(document)) == len(ROUTES)


def test_every_operation_has_a_name_of_its_own_and_a_line_about_it(document):
    found = operations(document)
    assert [name for name, operation in found.items() if not operation.get("summary")] == []
    names = Counter(operation["operationId"] for operation in found.values())
    assert [name for name, times in names.items() if times > 1] == []


def test_every_operation_fails_in_the_envelope(document):
    for name, operation in operations(document).items():
        failures = {code: body for code, body in operation["responses"].items() if code >= "400"}
        assert {"400", "401", "403", "429"} <= set(failures), name
        assert "{" not in name or "404" in failures, name
        for body in failures.values():
            assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_every_post_takes_an_idempotency_key(document):
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    posts = [operation for name, operation in operations(document).items() if name.startswith("post ")]
    assert posts
    assert all(key in operation["parameters"] for operation in posts)


def test_it_is_served_to_everybody(program, document):
    answer = program("acme")("get", "schema")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == document
    unchanged = program("acme")("get", "schema", if_none_match=answer["ETag"])
    assert unchanged.status_code == 304


def conforms(document, operation, response):
    body = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**body, "components": document["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]


@pytest.mark.parametrize("route", ANSWERS, ids=str)
def test_what_is_read_is_what_is_described(program, document, acme, person, route):
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill(owner)
    response = program("acme", "owner")("get", route.of(content))
    assert response.status_code == 200
    if response["Content-Type"] == "application/json":
        assert conforms(document, documented(document, route), response) == []


def test_what_is_written_is_answered_as_described(program, document):
    editor = program("acme", "editor")
    paths = document["paths"]
    made = editor("post", "workflows", {"name": "Greeting", "definition": GREETING})
    assert conforms(document, paths["/api/v1/workflows"]["post"], made) == []
    published = editor("post", f"{made.json()['url']}/publish")
    assert conforms(document, paths["/api/v1/workflows/{id}/publish"]["post"], published) == []
    started = editor("post", f"{made.json()['url']}/runs", {"inputs": {"name": "Ada"}})
    assert conforms(document, paths["/api/v1/workflows/{id}/runs"]["post"], started) == []
    cancelled = editor("post", f"{started.json()['url']}/cancel")
    assert conforms(document, paths["/api/v1/runs/{id}/cancel"]["post"], cancelled) == []
    refused = editor("post", f"{started.json()['url']}/cancel")
    assert conforms(document, paths["/api/v1/runs/{id}/cancel"]["post"], refused) == []


def test_every_event_that_can_be_told_is_described(document):
    from nexod.kernel.events import REGISTRY

    described = {
        event["properties"]["type"]["const"] for event in document["components"]["schemas"]["RunEvent"]["oneOf"]
    }
    assert described == set(REGISTRY)


def test_the_reference_shows_every_operation_and_fetches_nothing_from_elsewhere(program, document):
    answer = program("acme")("get", "/api/docs")
    page = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert [op["summary"] for op in operations(document).values() if escape(op["summary"]) not in page] == []
    fetched = re.findall(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["']([^"']+)""", page)
    assert [address for address in fetched if not address.startswith("/")] == []
