"""Runs over the API: started, watched, cancelled, resumed; approvals decided; artifacts downloaded."""

from __future__ import annotations

import pytest

from tenants.context import enter_tenant
from tests.content import GREETING, fill
from workflows.models import Approval, Artifact, Run


@pytest.fixture
def greeting(program):
    """Return the id of a published workflow, made through the API."""
    editor = program("acme", "editor")
    made = editor("post", "workflows", {"name": "Greeting", "definition": GREETING})
    assert made.status_code == 201, made.content
    published = editor("post", f"workflows/{made.json()['id']}/publish", {"note": "First"})
    assert published.status_code == 201, published.content
    return made.json()["id"]


@pytest.fixture
def content(acme, person):
    """Return one of everything in acme."""
    owner = person("acme", "owner")
    with enter_tenant(acme):
        return fill(owner)


def test_a_run_is_accepted_and_can_be_watched(program, greeting):
    editor = program("acme", "editor")
    answer = editor("post", f"workflows/{greeting}/runs", {"inputs": {"name": "Ada"}})
    run = answer.json()
    assert (answer.status_code, run["status"], answer["Location"]) == (202, "pending", run["url"])
    assert run["url"] == f"/api/v1/runs/{run['id']}"
    assert editor.get(run["url"])["inputs"] == {"name": "Ada"}
    assert [row["id"] for row in editor.get("runs?status=pending&kind=workflow")["results"]] == [run["id"]]
    assert editor.get(f"{run['url']}/definition")["name"] == "Greeting"


def test_inputs_are_checked_before_a_run_exists(program, greeting, acme):
    refused = program("acme", "editor")("post", f"workflows/{greeting}/runs", {"inputs": {"nobody": 1}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "inputs_invalid")
    with enter_tenant(acme):
        assert not Run.objects.exists()


def test_a_repeated_start_starts_one_run(program, greeting, acme):
    editor = program("acme", "editor")
    body = {"inputs": {"name": "Ada"}}
    first, again = (editor("post", f"workflows/{greeting}/runs", body, idempotency_key="k") for _ in range(2))
    assert (first.status_code, again.status_code, first.json()["id"]) == (202, 202, again.json()["id"])
    assert again["Location"] == first["Location"]
    with enter_tenant(acme):
        assert Run.objects.count() == 1


def test_a_workflow_that_was_never_published_does_not_run(program):
    editor = program("acme", "editor")
    draft = editor("post", "workflows", {"name": "Draft", "definition": GREETING}).json()
    refused = editor("post", f"workflows/{draft['id']}/runs", {"inputs": {"name": "Ada"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "workflow_not_published")


def test_an_agent_and_a_crew_run_by_themselves(program, content):
    editor = program("acme", "editor")
    alone = editor("post", f"agents/{content.agent.pk}/runs", {"inputs": {"task": "Say hello"}})
    together = editor("post", f"crews/{content.crew.pk}/runs", {"inputs": {}})
    assert (alone.status_code, alone.json()["kind"], alone.json()["agent"]) == (202, "agent", str(content.agent.pk))
    assert (together.status_code, together.json()["kind"], together.json()["crew"]) == (
        202,
        "crew",
        str(content.crew.pk),
    )


def test_a_run_says_where_it_stands(program, content):
    run = program("acme", "viewer").get(f"runs/{content.run.pk}")
    assert (run["status"], run["waiting_for"]) == ("waiting", "approval")
    assert [step["node"] for step in run["current_steps"]] == ["ask"]
    assert run["pending_approvals"] == [str(content.approval.pk)]
    assert set(run["totals"]) == {"tokens_in", "tokens_out", "cost_usd", "model_calls", "seconds"}
    assert run["started_by"]["email"] == "owner@acme.test"


def test_steps_are_short_in_the_list_and_whole_alone(program, content):
    viewer = program("acme", "viewer")
    steps = viewer.get(f"runs/{content.run.pk}/steps")["results"]
    assert [step["node"] for step in steps] == ["end", "ask"]
    assert "inputs" not in steps[0]
    assert viewer.get(f"runs/{content.run.pk}/steps/{content.step.pk}")["inputs"] == {"a": 1}


def test_a_step_does_not_exist_under_another_run(program, content, greeting):
    editor = program("acme", "editor")
    other = editor("post", f"workflows/{greeting}/runs", {"inputs": {"name": "Ada"}}).json()["id"]
    assert editor("get", f"runs/{other}/steps/{content.step.pk}").status_code == 404


def test_cancelling_ends_a_run_once(program, greeting):
    editor = program("acme", "editor")
    run = editor("post", f"workflows/{greeting}/runs", {"inputs": {"name": "Ada"}}).json()
    cancelled = editor("post", f"{run['url']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = editor("post", f"{run['url']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "run_is_over")


def test_only_what_can_go_on_is_resumed(program, content, acme):
    editor = program("acme", "editor")
    waiting = editor("post", f"runs/{content.run.pk}/resume")
    assert (waiting.status_code, waiting.json()["error"]["code"]) == (409, "run_not_resumable")
    with enter_tenant(acme):
        Run.objects.filter(pk=content.run.pk).update(
            status="failed", waiting_for="", error={"code": "x", "message": "m", "node": "ask"}
        )
    assert editor.get(f"runs/{content.run.pk}")["error"] == {
        "code": "x", "message": "m", "node": "ask", "attempts": 0, "details": {},
    }  # fmt: skip
    resumed = editor("post", f"runs/{content.run.pk}/resume")
    assert (resumed.status_code, resumed.json()["status"], resumed.json()["error"]) == (200, "pending", None)


def test_an_approval_is_decided_once(program, content):
    approver = program("acme", "approver")
    path = f"approvals/{content.approval.pk}"
    assert [row["id"] for row in approver.get("approvals?status=pending")["results"]] == [str(content.approval.pk)]
    assert approver.get(path)["content"] == "Hello"
    decided = approver("post", f"{path}/decide", {"decision": "edit", "content": "Hello!", "comment": "Louder"})
    shown = decided.json()
    assert (decided.status_code, shown["status"], shown["decision"], shown["edited_content"]) == (
        200, "decided", "edit", "Hello!",
    )  # fmt: skip
    assert shown["decided_by"]["email"] == "approver@acme.test"
    again = approver("post", f"{path}/decide", {"decision": "approve"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "approval_already_decided")
    assert approver.get("approvals?status=pending")["results"] == []


@pytest.mark.parametrize("body", [{}, {"decision": "perhaps"}, {"decision": "edit"}, {"decision": ["approve"]}])
def test_a_decision_that_is_none_changes_nothing(program, content, acme, body):
    refused = program("acme", "approver")("post", f"approvals/{content.approval.pk}/decide", body)
    assert refused.status_code == 400, refused.content
    with enter_tenant(acme):
        assert Approval.objects.get().status == "pending"


def test_whose_role_the_approval_does_not_name_may_not_decide(program, content, acme):
    with enter_tenant(acme):
        Approval.objects.update(roles=["admin"])
    refused = program("acme", "approver")("post", f"approvals/{content.approval.pk}/decide", {"decision": "approve"})
    assert refused.status_code == 403


def test_an_artifact_is_downloaded_and_never_run_by_a_browser(program, content, acme):
    with enter_tenant(acme):
        Artifact.objects.update(name='x".html\r\nSet-Cookie: a=b', media_type="text/html", content="<script>é</script>")
    viewer = program("acme", "viewer")
    shown = viewer.get(f"artifacts?run={content.run.pk}")["results"][0]
    answer = viewer("get", shown["content_url"])
    assert answer.content.decode() == "<script>é</script>"
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert "set-cookie" not in {name.lower() for name in answer.headers}


def test_a_media_type_that_is_none_is_not_repeated(program, content, acme):
    with enter_tenant(acme):
        Artifact.objects.update(media_type="text/html\r\nX: y")
    answer = program("acme", "viewer")("get", f"artifacts/{content.artifact.pk}/content")
    assert answer["Content-Type"] == "application/octet-stream"
