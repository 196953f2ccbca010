"""Ids and slugs of another tenant inside bodies and filters: refused at their field, in the same words as what exists nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.relations import ManyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer

from tenants.context import enter_tenant
from tests.bodies import BODIES, WRITES, send, writer
from tests.content import GREETING, Content, fill
from tests.routes import Route, routes

NOWHERE = "0190a0a0-0000-7000-8000-00000000feed"
# What a relation's model is called in tests.content.
NAMES = {
    "ModelConnection": "connection",
    "KnowledgeBase": "knowledge_base",
    "Agent": "agent",
    "Crew": "crew",
    "DataSet": "data_set",
    "Sitemap": "sitemap",
    "Group": "group",
    "Credential": "credential",
    "StoreConnection": "store",
    "User": "user",
    "Workflow": "workflow",
}


def relations(serializer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return every field of the body that names a row, however deep."""
    for name, field in serializer.fields.items():
        inner = field.child if isinstance(field, ListSerializer) else field
        if field.read_only:
            continue
        if isinstance(inner, BaseSerializer):
            yield from relations(inner, (*path, name))
        elif isinstance(field, RelatedField | ManyRelatedField):
            yield (*path, name), field


CASES = [(route, path, field) for route in WRITES for path, field in relations(writer(route))]


@pytest.fixture
def mine(acme, person) -> Content:
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


@pytest.fixture
def theirs(globex, person) -> Content:
    owner = person("globex", "owner")
    with enter_tenant(globex):
        return fill(owner, mark="theirs")


def named(field: Any, content: Content) -> str:
    """Return how a body names that content's row of the field's model."""
    relation = getattr(field, "child_relation", field)
    if field.field_name == "stand_in":  # nobody stands in for himself
        return str(getattr(content.absence.stand_in, getattr(relation, "slug_field", "pk")))
    row = getattr(content, NAMES[relation.get_queryset().model.__name__])
    return str(getattr(row, getattr(relation, "slug_field", "pk")))


def body_of(route: Route, path: tuple[str, ...], field: Any, value: str, content: Content) -> dict[str, Any]:
    given: Any = [value] if isinstance(field, ManyRelatedField) else value
    if path[0] == "tasks":
        task = {"slug": "one", "description": "d", "expected_output": "e", path[1]: given}
        return {"tasks": [task]}
    return {path[0]: given}


@pytest.mark.parametrize(
    ("route", "path", "field"), CASES, ids=[f"{route} {'.'.join(path)}" for route, path, _ in CASES]
)
def test_a_reference_to_another_tenants_row_is_refused_like_one_to_nothing(program, mine, theirs, route, path, field):
    owner, told = program("acme", "owner"), []
    nothing = NOWHERE if not hasattr(getattr(field, "child_relation", field), "slug_field") else "of-nobody"
    for value in (named(field, theirs), nothing):
        answer = send(owner, route, mine, body_of(route, path, field, value, mine))
        assert answer.status_code == 400, answer.content
        (problem,) = answer.json()["error"]["details"]
        assert problem["field"].split(".")[0] == path[0]
        told.append({name: str(text).replace(value, "X") for name, text in problem.items()})
    assert told[0] == told[1]
    accepted = send(owner, route, mine, body_of(route, path, field, named(field, mine), mine))
    assert accepted.status_code in (200, 201, 202, 400, 409), accepted.content
    if accepted.status_code == 400:  # a starter needs a model besides; who stands in has to be able to decide
        details = accepted.json()["error"]["details"]
        refused = {problem["message"] for problem in details if problem["field"] == ".".join(path)}
        assert told[0]["message"] not in {message.replace(named(field, mine), "X") for message in refused}


def test_there_are_references_to_test():
    assert len(CASES) >= 8


def test_a_key_for_a_person_of_another_tenant_is_refused(program, theirs):
    told = []
    for pk in (str(theirs.user.pk), NOWHERE):
        answer = program("acme", "owner")("post", "api-keys", {"name": "x", "scopes": ["read"], "user": pk})
        assert answer.status_code == 400
        told.append(answer.json()["error"]["details"])
    assert told[0] == told[1]
    assert told[0][0]["field"] == "user"


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("knowledge", {"knowledge_base": "docs-MARK", "query": {"cel": "inputs.name"}}),
        ("agent", {"agent": "agent-MARK", "prompt": "Hi"}),
        ("crew", {"crew": "crew-MARK", "inputs": {}}),
    ],
)
def test_a_definition_names_no_row_of_another_tenant(program, mine, theirs, kind, config):
    told = []
    for mark in ("theirs", "nobody"):
        node = {"id": "greet", "type": kind, "config": json.loads(json.dumps(config).replace("MARK", mark))}
        definition = {**GREETING, "nodes": [node, *GREETING["nodes"][1:]]}
        answer = program("acme", "owner")("post", f"workflows/{mine.workflow.pk}/validate", {"definition": definition})
        assert answer.status_code == 200
        assert not answer.json()["valid"]
        told.append(answer.content.decode().replace(f"-{mark}", "-X"))
    assert told[0] == told[1]


FILTERS = [
    ("runs", "workflow", "workflow"), ("runs", "agent", "agent"), ("runs", "crew", "crew"), ("approvals", "run", "run"),
    ("absences", "user", "user"), ("absences", "stand_in", "user"), ("artifacts", "run", "run"),
    ("documents", "knowledge_base", "knowledge_base"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name", "row"), FILTERS)
def test_a_filter_by_another_tenants_row_says_what_one_by_nothing_says(program, mine, theirs, path, name, row):
    owner, told = program("acme", "owner"), []
    for value in (str(getattr(theirs, row).pk), NOWHERE):
        answer = owner("get", f"{path}?{name}={value}")
        told.append((answer.status_code, _words(answer).replace(value, "X")))
    assert told[0] == told[1]


def _words(answer: Any) -> str:
    found = answer.json()
    return str(found["error"]["details"] if "error" in found else found["results"])


@pytest.mark.parametrize(
    "path", ["node-types", "trigger-kinds", "definition-schema", "starters", "scorers", "tools", "schema"]
)
def test_what_is_the_same_for_everybody_is(program, mine, theirs, path):
    ours, others = (program(slug, "owner")("get", path).content.decode() for slug in ("acme", "globex"))
    assert ours == others
    for text in ("acme.test", "globex", "-theirs", str(theirs.agent.pk), str(mine.agent.pk)):
        assert text not in ours.lower()


def test_every_route_is_walked_or_excused():
    from tests.integration.test_tenancy_api import LISTS, WITH_IDS
    from tests.isolation import API, uncovered

    found = {str(route) for route in routes()}
    walked = {str(route) for route in (*WITH_IDS, *LISTS)} | set(BODIES)
    watched = {"get runs/<uuid:run_id>/events"}  # test_live asks it
    same = set(API)
    assert uncovered(found, (walked | watched) - same, API) == (set(), set())
