"""Workflows as files and their versions over the API: export, import, what differs, going back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.content import GREETING, Content, fill
from workflows.models import Run, Workflow

Visit = Callable[..., Any]


@pytest.fixture
def content(in_acme: None, person: Callable[..., Any]) -> Content:
    return fill(person("acme", "owner"))


def path(content: Content, rest: str) -> str:
    return f"/api/v1/workflows/{content.workflow.pk}/{rest}"


def changed(visit: Visit, content: Content, template: str) -> None:
    definition = {
        **GREETING,
        "nodes": [{**GREETING["nodes"][0], "config": {"template": template}}, *GREETING["nodes"][1:]],
    }
    answer = visit("acme", "editor").patch(
        f"/api/v1/workflows/{content.workflow.pk}", {"definition": definition}, "application/json"
    )
    assert answer.status_code == 200, answer.json()


def test_a_file_goes_out_and_comes_in_at_the_other_tenant(visit: Visit, content: Content) -> None:
    out = visit("acme", "viewer").get(path(content, "export?form=yaml"))
    assert (out.status_code, out["Content-Type"]) == (200, "application/yaml; charset=utf-8")
    assert yaml.safe_load(out.content)["format"] == "nexod.bundle/1"
    brought = visit("globex", "editor").post(
        "/api/v1/workflows/import", {"text": out.content.decode(), "publish": True}, "application/json"
    )
    assert brought.status_code == 201, brought.json()
    assert brought.json()["workflow"]["draft"]["definition"]["nodes"][0]["id"] == "greet"


@pytest.mark.parametrize(
    "given", [{}, {"text": "x", "document": {}}, {"text": "- no"}, {"document": {}, "names": {"a": 1}}]
)
def test_what_is_no_file_is_refused(visit: Visit, content: Content, given: dict[str, Any]) -> None:
    answer = visit("acme", "editor").post("/api/v1/workflows/import", given, "application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_what_is_missing_is_asked_for_by_name(visit: Visit, content: Content) -> None:
    node = {"id": "say", "type": "llm", "config": {"prompt": "p", "model": "theirs"}}
    document = {
        "workflow": {"slug": "w", "name": "W", "definition": {**GREETING, "nodes": [node, *GREETING["nodes"]]}},
        "needs": [{"kind": "connection", "slug": "theirs"}],
    }
    answer = visit("acme", "editor").post("/api/v1/workflows/import", {"document": document}, "application/json").json()
    assert answer["error"]["code"] == "needs_missing"
    [asked] = answer["error"]["details"]
    assert asked["field"] == "names.connection.theirs"
    assert content.connection.slug in asked["message"]


def test_what_differs_is_told_and_nobody_publishes_unseen(visit: Visit, content: Content) -> None:
    changed(visit, content, "Good day {{ inputs.name }}")
    [found] = visit("acme", "viewer").get(path(content, "changes")).json()["results"]
    assert (found["node"], found["field"], found["after"]) == ("greet", "config.template", "Good day {{ inputs.name }}")
    assert visit("acme", "viewer").get(path(content, "changes?from=1&to=published")).json() == {"results": []}
    assert visit("acme", "viewer").get(path(content, "changes?from=99")).status_code == 404


def test_new_runs_use_the_earlier_version_again(visit: Visit, content: Content) -> None:
    changed(visit, content, "Good day {{ inputs.name }}")
    editor = visit("acme", "editor")
    assert editor.post(path(content, "publish"), {}, "application/json").json()["number"] == 2
    back = editor.post(path(content, "rollback"), {"version": 1, "note": "Too formal."}, "application/json")
    assert (back.status_code, back.json()["number"]) == (200, 1)
    started = editor.post(path(content, "runs"), {"inputs": {"name": "Ann"}}, "application/json").json()
    assert Run.objects.get(pk=started["id"]).version.number == 1
    assert editor.post(path(content, "rollback"), {"version": 7}, "application/json").status_code == 404


def test_a_version_becomes_the_draft_again(visit: Visit, content: Content) -> None:
    changed(visit, content, "Good day {{ inputs.name }}")
    editor = visit("acme", "editor")
    assert editor.post(path(content, "versions/1/restore")).status_code == 200
    assert editor.get(path(content, "changes")).json() == {"results": []}


@pytest.mark.parametrize("rest", ["rollback", "versions/1/restore"])
def test_a_viewer_changes_nothing(visit: Visit, content: Content, rest: str) -> None:
    answer = visit("acme", "viewer").post(path(content, rest), {"version": 1}, "application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize("rest", ["export", "changes"])
def test_the_other_tenant_reads_nothing(visit: Visit, content: Content, rest: str) -> None:
    assert Workflow.objects.filter(pk=content.workflow.pk).exists()
    assert visit("globex", "owner").get(path(content, rest)).status_code == 404
