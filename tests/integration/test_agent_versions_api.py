"""Agents over the API: what they may use, how they were, and back to it."""

from __future__ import annotations

import pytest

from agents.models import Agent
from tenants.context import enter_tenant


@pytest.fixture
def editor(program):
    return program("acme", "editor")


def asked(editor, method, path, body=None, *, status=200):
    answer = editor(method, path, body)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_tools_are_described(editor):
    found = {row["name"]: row for row in editor.get("tools")["results"]}
    assert set(found) >= {"knowledge_search", "http_request", "calculator", "current_time", "run_workflow"}
    assert found["http_request"]["settings"]["required"] == ["hosts"]
    assert found["http_request"]["side_effect"] is True


def test_an_agent_is_given_tools_and_a_chain(editor, content):
    slug = content.connection.slug
    given = {
        "name": "New", "role": "r", "goal": "g", "temperature": None, "context_policy": "retrieve", "rounds": 3,
        "tools": [{"tool": "calculator"}], "fallbacks": [{"connection": slug}], "options": {"top_p": 0.5},
    }  # fmt: skip
    agent = asked(editor, "post", "agents", given, status=201)
    assert agent["tools"] == [{"tool": "calculator", "settings": {}, "approval": "never"}]
    assert agent["fallbacks"] == [{"connection": slug, "model": ""}]
    assert (agent["version"], agent["options"], agent["temperature"]) == (1, {"top_p": 0.5}, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"tool": "made_up"}]), ("tools", {}), ("fallbacks", [{"connection": "nobody"}]), ("fallbacks", ["x"]),
        ("options", {"api_key": "x"}), ("options", {"top_p": 7}), ("rounds", 0), ("rounds", 99), ("context_policy", "forget"),
        ("temperature", 3),
    ],
)  # fmt: skip
def test_what_is_not_valid_names_its_field(editor, content, field, value):
    error = asked(editor, "patch", f"agents/{content.agent.pk}", {field: value}, status=400)["error"]
    assert field in str(error["details"])


def test_a_change_is_a_version_that_can_be_compared_and_restored(editor, content, acme):
    at = f"agents/{content.agent.pk}"
    assert asked(editor, "patch", at, {"goal": "Better\nby far", "note": "Ambition"})["version"] == 2
    assert asked(editor, "patch", at, {"goal": "Better\nby far"})["version"] == 2, "the same again is no change"
    newest, first = editor.get(f"{at}/versions")["results"]
    assert (newest["number"], newest["note"], newest["author"]["email"]) == (2, "Ambition", "editor@acme.test")
    assert editor.get(f"{at}/versions/{first['number']}")["content"]["goal"] == "g"
    [change] = editor.get(f"{at}/versions/2/changes")["results"]
    assert (change["field"], change["before"], change["after"]) == ("goal", "g", "Better\nby far")
    assert [line["mark"] for line in change["lines"]] == ["gone", "new", "new"]
    assert editor.get(f"{at}/versions/2/changes?since=2") == {"results": []}
    restored = asked(editor, "post", f"{at}/versions/1/restore", status=200)
    assert (restored["goal"], restored["version"]) == ("g", 3)
    with enter_tenant(acme):
        assert Agent.objects.get().versions.get(number=3).note == "As in version 1"


def test_a_version_whose_knowledge_is_gone_is_not_restored(editor, content, acme):
    at = f"agents/{content.agent.pk}"
    asked(editor, "patch", at, {"knowledge_bases": []})
    with enter_tenant(acme):
        content.knowledge_base.delete()
    error = asked(editor, "post", f"{at}/versions/1/restore", status=409)["error"]
    assert error["code"] == "version_not_restorable"
