"""Connections, agents and crews over the API: what goes in comes out, except keys."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import ModelConnection
from nexod.kernel.secrets import SecretUnreadable, decrypt
from tenants.context import enter_tenant

JSON = "application/json"
CONNECTION = {
    "name": "Our model",
    "base_url": "https://models.example/v1",
    "api_key": "sk-secret",
    "model_names": ["m1"],
}
AGENT = {"name": "Research Analyst", "role": "Analyst", "goal": "Find what is true"}
TASK = {"slug": "find", "description": "Find {topic}", "expected_output": "Facts", "agent": "research-analyst"}


@pytest.fixture
def api(visit):
    """Return ``api(method, path, body, role=, slug=)``: the answer of a tenant's API."""

    def ask(method, path, body=None, role="editor", slug="acme"):
        call = getattr(visit(slug, role), method)
        return call(f"/api/v1/{path}", **({"data": body, "content_type": JSON} if body is not None else {}))

    return ask


def problems(response):
    assert response.status_code == 400, response.content
    return {problem["field"] for problem in response.json()["error"]["details"]}


def test_a_key_goes_in_and_never_comes_out(api, acme, globex):
    made = api("post", "model-connections", CONNECTION)
    assert made.status_code == 201, made.content
    shown = api("get", f"model-connections/{made.json()['id']}")
    assert (shown.json()["slug"], shown.json()["has_key"], shown.json()["is_default"]) == ("our-model", True, True)
    assert b"sk-secret" not in made.content + shown.content
    with enter_tenant(acme):
        token = ModelConnection.objects.get().encrypted_key
    assert decrypt(token, bound_to=acme.schema_name) == "sk-secret"
    with pytest.raises(SecretUnreadable):
        decrypt(token, bound_to=globex.schema_name)


def test_a_key_stays_until_it_is_replaced_or_removed(api):
    path = f"model-connections/{api('post', 'model-connections', CONNECTION).json()['id']}"
    assert api("patch", path, {"name": "Renamed"}).json()["has_key"] is True
    assert api("patch", path, {"api_key": ""}).json()["has_key"] is False


def test_a_key_does_not_follow_to_another_address(api):
    path = f"model-connections/{api('post', 'model-connections', CONNECTION).json()['id']}"
    elsewhere = {"base_url": "https://elsewhere.example/v1"}
    assert problems(api("patch", path, elsewhere)) == {"api_key"}
    assert api("patch", path, {**elsewhere, "api_key": "sk-new"}).status_code == 200


def test_there_is_one_default_connection(api):
    first = api("post", "model-connections", CONNECTION).json()
    second = api("post", "model-connections", {**CONNECTION, "name": "Other", "is_default": True}).json()
    assert (first["is_default"], second["is_default"]) == (True, True)
    assert api("get", f"model-connections/{first['id']}").json()["is_default"] is False


@pytest.mark.parametrize("url", ["ftp://models.example", "file:///etc/passwd", "no address"])
def test_only_web_addresses_are_connected(api, url):
    assert problems(api("post", "model-connections", {**CONNECTION, "base_url": url})) == {"base_url"}


def test_an_agent_names_what_it_refers_to_by_slug(api):
    api("post", "model-connections", CONNECTION)
    api("post", "knowledge-bases", {"name": "Docs"})
    made = api("post", "agents", {**AGENT, "connection": "our-model", "model": "m1", "knowledge_bases": ["docs"]})
    assert made.status_code == 201, made.content
    assert made.json()["slug"] == "research-analyst"
    assert (made.json()["connection"], made.json()["knowledge_bases"]) == ("our-model", ["docs"])
    changed = api("patch", f"agents/{made.json()['id']}", {"goal": "Find more", "knowledge_bases": []})
    assert (changed.json()["goal"], changed.json()["knowledge_bases"]) == ("Find more", [])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"connection": "nowhere"}, "connection"),
        ({"connection": "our-model", "model": "m2"}, "model"),
        ({"name": ""}, "name"),
        ({"slug": "Not a slug"}, "slug"),
    ],
)
def test_an_agent_that_cannot_work_is_refused_with_the_field(api, change, field):
    api("post", "model-connections", CONNECTION)
    assert problems(api("post", "agents", {**AGENT, **change})) == {field}


def test_a_slug_is_unique_and_stays(api):
    first, second = api("post", "agents", AGENT).json(), api("post", "agents", AGENT).json()
    assert (first["slug"], second["slug"]) == ("research-analyst", "research-analyst-2")
    assert problems(api("post", "agents", {**AGENT, "slug": "research-analyst"})) == {"slug"}
    assert problems(api("patch", f"agents/{first['id']}", {"slug": "other"})) == {"slug"}


def test_a_crew_is_written_with_all_its_tasks(api):
    api("post", "agents", AGENT)
    write = {**TASK, "slug": "write", "context": ["find"], "output_schema": {"type": "object", "properties": {}}}
    made = api("post", "crews", {"name": "Briefing", "tasks": [TASK, write]})
    assert made.status_code == 201, made.content
    assert [(task["slug"], task["context"]) for task in made.json()["tasks"]] == [("find", []), ("write", ["find"])]
    tasks = [{**write, "context": []}, {**TASK, "context": ["write"]}]
    turned = api("patch", f"crews/{made.json()['id']}", {"tasks": tasks})
    assert [(task["slug"], task["context"]) for task in turned.json()["tasks"]] == [("write", []), ("find", ["write"])]
    fewer = api("patch", f"crews/{made.json()['id']}", {"tasks": [TASK]})
    assert [task["slug"] for task in fewer.json()["tasks"]] == ["find"]


@pytest.mark.parametrize(
    ("tasks", "field"),
    [
        ([], "tasks"),
        ([TASK, TASK], "tasks.1.slug"),
        ([{**TASK, "context": ["later"]}, {**TASK, "slug": "later"}], "tasks.0.context"),
        ([{**TASK, "agent": None}], "tasks.0.agent"),
        ([{**TASK, "agent": "nobody"}], "tasks.0.agent"),
        ([{**TASK, "output_schema": {"type": "object", "properties": 3}}], "tasks.0.output_schema"),
        ([{**TASK, "output_schema": {"type": "array"}}], "tasks.0.output_schema"),
        ([{**TASK, "description": ""}], "tasks.0.description"),
    ],
)
def test_a_crew_that_cannot_work_is_refused_with_the_field(api, tasks, field):
    api("post", "agents", AGENT)
    assert problems(api("post", "crews", {"name": "Briefing", "tasks": tasks})) == {field}


def test_a_hierarchical_crew_needs_a_manager(api):
    api("post", "agents", AGENT)
    crew = {"name": "Briefing", "process": "hierarchical", "tasks": [{**TASK, "agent": None}]}
    assert problems(api("post", "crews", crew)) == {"manager"}
    assert api("post", "crews", {**crew, "manager": "research-analyst"}).status_code == 201


def test_what_is_in_use_is_not_deleted(api):
    agent = api("post", "agents", AGENT).json()
    crew = api("post", "crews", {"name": "Briefing", "tasks": [TASK]}).json()
    refused = api("delete", f"agents/{agent['id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")
    assert api("delete", f"crews/{crew['id']}").status_code == 204
    assert api("delete", f"agents/{agent['id']}").status_code == 204


def test_an_agent_that_a_crew_may_hand_work_to_is_not_deleted(api):
    api("post", "agents", {**AGENT, "name": "Boss", "slug": "boss"})
    helper = api("post", "agents", {**AGENT, "name": "Helper", "slug": "helper"}).json()
    team = {"name": "Briefing", "process": "hierarchical", "manager": "boss", "members": ["helper"]}
    crew = api("post", "crews", {**team, "tasks": [{**TASK, "agent": None}]})
    assert crew.status_code == 201, crew.json()
    refused = api("delete", f"agents/{helper['id']}")
    assert (refused.status_code, refused.json()["error"]["details"]) == (409, {"crews": ["Briefing"]})
    assert api("delete", f"crews/{crew.json()['id']}").status_code == 204
    assert api("delete", f"agents/{helper['id']}").status_code == 204


BODIES = {
    "model-connections": CONNECTION,
    "agents": AGENT,
    "knowledge-bases": {"name": "Docs"},
    "crews": {"name": "Briefing", "tasks": [TASK]},
}


@pytest.mark.parametrize("path", BODIES)
def test_the_other_organisation_sees_nothing(api, path):
    api("post", "agents", AGENT)
    made = api("post", path, BODIES[path])
    assert made.status_code == 201, made.content
    assert api("get", path, slug="globex").json()["results"] == []
    for method, body in (("get", None), ("patch", {"name": "mine"}), ("delete", None)):
        assert api(method, f"{path}/{made.json()['id']}", body, slug="globex", role="owner").status_code == 404


@pytest.mark.parametrize("path", BODIES)
def test_viewers_read_and_editors_write(api, path):
    api("post", "agents", AGENT)
    assert api("post", path, BODIES[path], role="viewer").status_code == 403
    made = api("post", path, BODIES[path], role="editor")
    address = f"{path}/{made.json()['id']}"
    assert api("get", address, role="viewer").json() == made.json()
    assert api("patch", address, {"name": "mine"}, role="viewer").status_code == 403
    assert api("delete", address, role="viewer").status_code == 403
    assert api("get", path, role=None).status_code == 401


def test_lists_cost_the_same_however_long_they_are(api):
    api("post", "model-connections", CONNECTION)
    api("post", "knowledge-bases", {"name": "Docs"})
    for number in range(6):
        agent = {**AGENT, "slug": f"a{number}", "connection": "our-model", "knowledge_bases": ["docs"]}
        assert api("post", "agents", agent).status_code == 201
        tasks = [{**TASK, "agent": f"a{number}"}, {**TASK, "slug": "write", "context": ["find"], "agent": f"a{number}"}]
        assert api("post", "crews", {"name": f"Crew {number}", "tasks": tasks}).status_code == 201
    for path, rows, queries in (
        ("model-connections", 1, 1),
        ("agents", 6, 2),
        ("knowledge-bases", 1, 1),
        ("crews", 6, 4),
    ):
        with CaptureQueriesContext(connection) as captured:
            assert len(api("get", path).json()["results"]) == rows
        ours = [query["sql"] for query in captured if '"agents_' in query["sql"]]
        assert len(ours) == queries, ours
