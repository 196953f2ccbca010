"""Workflows over the API: written, checked, published, installed from starters, deleted."""

from __future__ import annotations

import copy

import pytest

from agents.models import KnowledgeBase, ModelConnection
from tenants.context import enter_tenant
from tests.content import GREETING
from workflows.models import Workflow


@pytest.fixture
def editor(program):
    """Return a program that may write."""
    return program("acme", "editor")


@pytest.fixture
def draft(editor):
    """Return a workflow that was made through the API."""
    return editor("post", "workflows", {"name": "Greeting", "description": "Says hello", "definition": GREETING}).json()


def changed(**parts):
    return {**copy.deepcopy(GREETING), **parts}


def test_a_workflow_begins_as_a_draft(editor, draft):
    assert (draft["name"], draft["slug"], draft["description"]) == ("Greeting", "greeting", "Says hello")
    assert draft["draft"]["definition"] == GREETING
    assert draft["published"] is None
    assert editor.get(draft["url"]) == draft


def test_lists_of_workflows_carry_no_definitions(editor, draft):
    editor("post", f"{draft['url']}/publish")
    listed = editor.get("workflows?slug=greeting")["results"]
    assert [row["id"] for row in listed] == [draft["id"]]
    assert "draft" not in listed[0]
    assert "definition" not in listed[0]["published"]


def test_publishing_numbers_versions_and_keeps_them(editor, draft):
    first = editor("post", f"{draft['url']}/publish", {"note": "First"})
    assert (first.status_code, first.json()["number"], first.json()["note"]) == (201, 1, "First")
    later = changed(name="Greeting again")
    assert editor("patch", draft["url"], {"definition": later}).json()["draft"]["definition"] == later
    assert editor.get(draft["url"])["published"]["definition"] == GREETING
    assert editor("post", f"{draft['url']}/publish").json()["number"] == 2
    assert [row["number"] for row in editor.get(f"{draft['url']}/versions")["results"]] == [2, 1]
    assert editor.get(f"{draft['url']}/versions/1")["definition"] == GREETING
    assert editor.get(f"{draft['url']}/versions/2")["definition"] == later
    assert editor.get(f"{draft['url']}/versions/1")["author"]["email"] == "editor@acme.test"


@pytest.mark.parametrize("number", ["0", "3", "99999999999999999999"])
def test_the_draft_and_what_was_never_published_are_no_versions(editor, draft, number):
    assert editor("get", f"{draft['url']}/versions/{number}").status_code == 404


def test_a_refused_definition_names_every_node_and_field_and_changes_nothing(editor, draft):
    broken = changed(start="nowhere")
    broken["nodes"][0]["type"] = "magic"
    refused = editor("patch", draft["url"], {"name": "Broken", "definition": broken})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "definition_invalid")
    assert {(problem["node"], problem["field"]) for problem in error["details"]} >= {("greet", "type"), ("", "start")}
    assert editor.get(draft["url"]) == draft


def test_checking_tells_the_same_and_saves_nothing(editor, draft):
    broken = changed(start="nowhere")
    told = editor("post", f"{draft['url']}/validate", {"definition": broken}).json()
    assert told["valid"] is False
    assert {"code", "message", "node", "field"} == set(told["problems"][0])
    assert editor("post", f"{draft['url']}/validate").json() == {"valid": True, "problems": []}
    assert editor.get(draft["url"]) == draft


def test_names_change_without_the_definition(editor, draft):
    renamed = editor("patch", draft["url"], {"name": "Renamed", "description": ""}).json()
    assert (renamed["name"], renamed["description"], renamed["slug"]) == ("Renamed", "", "greeting")
    assert renamed["draft"]["definition"] == GREETING


@pytest.mark.parametrize("field", ["id", "slug", "starter", "published", "created_at"])
def test_what_is_not_written_is_refused(editor, draft, field):
    refused = editor("patch", draft["url"], {field: "x"})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == field


def test_a_slug_is_taken_once(editor, draft):
    refused = editor("post", "workflows", {"name": "Other", "slug": "greeting", "definition": GREETING})
    assert refused.status_code in (400, 409), refused.content
    assert editor("post", "workflows", {"name": "Greeting", "definition": GREETING}).json()["slug"] == "greeting-2"


def test_a_deleted_workflow_leaves_its_runs(editor, draft):
    editor("post", f"{draft['url']}/publish")
    run = editor("post", f"{draft['url']}/runs", {"inputs": {"name": "Ada"}}).json()
    assert editor("delete", draft["url"]).status_code == 204
    assert editor("get", draft["url"]).status_code == 404
    kept = editor.get(run["url"])
    assert (kept["title"], kept["workflow"], kept["version"]) == ("Greeting", None, None)
    assert editor.get(f"{run['url']}/definition") == GREETING


def test_the_briefing_is_installed_once_with_all_it_needs(program, editor, acme, globex):
    with enter_tenant(acme):
        ModelConnection.objects.create(slug="m", name="M", model_names=["m"], is_default=True)
        base = KnowledgeBase.objects.create(slug="papers", name="Papers")
    starter = editor.get("starters")["results"][0]
    assert (starter["slug"], bool(starter["agents"]), bool(starter["crews"])) == ("briefing", True, True)
    made = editor("post", "starters/briefing/install", {"knowledge_base": str(base.pk)})
    assert made.status_code == 201, made.content
    assert made.json()["published"]["number"] == 1
    used = [node["config"].get("knowledge_base") for node in made.json()["published"]["definition"]["nodes"]]
    assert "papers" in used
    with enter_tenant(globex):
        assert not Workflow.objects.exists()


def test_a_knowledge_base_of_another_tenant_is_not_found(editor, globex):
    with enter_tenant(globex):
        base = KnowledgeBase.objects.create(slug="papers", name="Papers")
    refused = editor("post", "starters/briefing/install", {"knowledge_base": str(base.pk)})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "knowledge_base"


def test_an_unknown_starter_does_not_exist(editor):
    assert editor("post", "starters/none/install", {}).status_code == 404


def test_node_types_and_the_definition_schema_describe_what_is_accepted(editor):
    from jsonschema import Draft202012Validator

    types = {row["type"]: row["schema"] for row in editor.get("node-types")["results"]}
    assert {"agent", "crew", "knowledge", "llm", "condition", "template", "approval", "output"} <= set(types)
    for schema in types.values():
        Draft202012Validator.check_schema(schema)
    schema = editor.get("definition-schema")
    Draft202012Validator.check_schema(schema)
    assert not list(Draft202012Validator(schema).iter_errors(GREETING))
    assert list(Draft202012Validator(schema).iter_errors({**GREETING, "nodes": []}))
