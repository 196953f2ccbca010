"""A whole run over nothing but the API and a worker: written, published, started, parked, approved, completed, read, downloaded."""

from __future__ import annotations

from uuid import UUID

import pytest

from tenants.accounts.actions.api_keys import issue_api_key
from tenants.accounts.models import ApiKey
from tests.program import EVERY_SCOPE, Program
from tests.workbench import ask, node, text

LETTER = {
    "format": "nexod.workflow/1",
    "name": "Letter",
    "inputs": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
    "start": "write",
    "nodes": [
        text("write", "Dear {{ inputs.name }}"),
        ask("gate", "{{ nodes.write.text }}"),
        node(
            "end",
            "output",
            {
                "outputs": {"letter": {"cel": "nodes.gate.content"}},
                "artifact": {"name": "letter.md", "content": "{{ nodes.gate.content }}"},
            },
        ),
    ],
    "edges": [{"from": "write", "to": "gate"}, {"from": "gate", "to": "end"}],
}


@pytest.fixture
def callers(bench):
    """Return ``callers(role, slug)``: programs whose keys other threads see as well."""

    def come_in(role: str, slug: str = "acme") -> Program:
        with bench.inside(slug):
            user = bench.user(role, slug)
            return Program(slug, issue_api_key(actor=user, user=user, name="way", scopes=EVERY_SCOPE)[1])

    yield come_in
    for slug in ("acme", "globex"):
        with bench.inside(slug):
            ApiKey.objects.filter(name="way").delete()


def test_from_a_definition_to_a_downloaded_letter(bench, callers):
    editor, approver, stranger = callers("editor"), callers("approver"), callers("owner", "globex")
    made = editor("post", "workflows", {"name": "Letter", "definition": LETTER}).json()
    assert editor("post", f"{made['url']}/publish").status_code == 201
    run = editor("post", f"{made['url']}/runs", {"inputs": {"name": "Ada"}}).json()
    bench.advance(UUID(run["id"]))

    parked = editor.get(run["url"])
    assert (parked["status"], parked["waiting_for"]) == ("waiting", "approval")
    approval = f"approvals/{parked['pending_approvals'][0]}"
    assert approver.get(approval)["content"] == "Dear Ada"
    assert "edit" in approver.get(approval)["decisions"]
    assert stranger("post", f"{approval}/decide", {"decision": "approve"}).status_code == 404
    assert editor("post", f"{approval}/decide", {"decision": "approve"}).status_code == 403
    assert approver("post", f"{approval}/decide", {"decision": "edit", "content": "Dear Ada!"}).status_code == 200
    bench.advance(UUID(run["id"]))

    done = editor.get(run["url"])
    assert (done["status"], done["outputs"]["letter"], done["current_steps"]) == ("completed", "Dear Ada!", [])
    steps = editor.get(f"{run['url']}/steps")["results"]
    assert {step["node"]: step["status"] for step in steps} == dict.fromkeys(("write", "gate", "end"), "completed")
    artifact = editor.get(f"artifacts?run={run['id']}")["results"][0]
    assert editor("get", artifact["content_url"]).content == b"Dear Ada!"
    told = [event["type"] for event in editor.get(f"{run['url']}/events")["results"]]
    assert (told[0], told[-1]) == ("run.created", "run.completed")
    assert editor.get("usage")["today"]["runs"] == 1
    assert stranger.get("usage")["today"]["runs"] == 0


def test_a_failed_run_says_where_and_why_and_goes_on_when_resumed(bench, callers):
    editor = callers("editor")
    broken = {**LETTER, "nodes": [text("write", "{{ 1 // (inputs.name | length - 3) }}"), *LETTER["nodes"][1:]]}
    made = editor("post", "workflows", {"name": "Broken", "definition": broken}).json()
    editor("post", f"{made['url']}/publish")
    run = editor("post", f"{made['url']}/runs", {"inputs": {"name": "Ada"}}).json()
    bench.advance(UUID(run["id"]))
    failed = editor.get(run["url"])
    assert (failed["status"], failed["error"]["node"]) == ("failed", "write")
    assert failed["error"]["message"]
    assert editor("post", f"{run['url']}/resume").json()["status"] == "pending"
