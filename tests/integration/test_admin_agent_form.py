"""The form of an agent: tools, fallbacks and settings part by part; its versions; the page on which it is tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.models import Agent, AgentVersion
from tenants.context import enter_tenant
from tests.admin import filled, told
from workflows.models import Run


def path_of(content: Any, page: str = "change") -> str:
    return f"/admin/agents/agent/{content.agent.pk}/{page}/"


@pytest.fixture
def form(visit, content):
    """The agent's form as a browser sends it, and a way to send it."""
    client = visit("acme", "editor")
    data = filled(client.get(path_of(content)).content.decode(), "agent_form")
    return lambda **more: client.post(path_of(content), {**data, **more})


HTTP = {
    "tools-count": "2", "tools-0-tool": "http_request", "tools-0-approval": "always",
    "tools-0-hosts": "api.example.com\n*.example.org", "tools-0-methods": ["GET", "POST"],
    "tools-1-tool": "calculator",
}  # fmt: skip


def test_tools_are_given_part_by_part(form, acme):
    assert form(**HTTP).status_code == 302
    with enter_tenant(acme):
        first, second = Agent.objects.get().tools
    hosts = ["api.example.com", "*.example.org"]
    assert first == {
        "tool": "http_request", "settings": {"hosts": hosts, "methods": ["GET", "POST"]}, "approval": "always",
    }  # fmt: skip
    assert second == {"tool": "calculator", "settings": {}, "approval": "never"}


def test_a_tool_that_is_taken_away_is_gone(form, acme):
    form(**HTTP, **{"tools-0-gone": "1"})
    with enter_tenant(acme):
        assert [row["tool"] for row in Agent.objects.get().tools] == ["calculator"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tools-0-hosts": ""}, "HTTP request"),
        ({"tools-0-hosts": "not a host!"}, "does not match"),
        ({"tools-0-headers-0-@key": "Authorization", "tools-0-headers-0-@value": "x"}, "would carry a secret"),
        ({"tools-1-tool": "made_up"}, "does not exist here any more"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said_and_nothing_is_lost(form, acme, more, said):
    answer = form(**{**HTTP, **more})
    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors["tools"])
    assert "api.example.com" in answer.content.decode() or "hosts" in str(more)
    with enter_tenant(acme):
        assert Agent.objects.get().tools == []


def test_the_form_shows_what_is_stored(form, visit, content, acme):
    form(**HTTP)
    html = visit("acme", "viewer").get(path_of(content)).content.decode()
    assert "api.example.com" in html


def test_an_unchanged_form_makes_no_version(form, acme):
    form(**HTTP)
    with enter_tenant(acme):
        before = Agent.objects.get()
    form(**HTTP)
    with enter_tenant(acme):
        after = Agent.objects.get()
        assert after.version == before.version == 2
        assert after.tools == before.tools


def test_fallbacks_and_settings(form, acme, content):
    slug = content.connection.slug
    form(**{"fallbacks-0-connection": slug, "fallbacks-0-model": "m", "options-top_p": "0.5", "options-seed": "7"})
    with enter_tenant(acme):
        agent = Agent.objects.get()
    assert agent.fallbacks == [{"connection": slug, "model": "m"}]
    assert agent.options == {"top_p": 0.5, "seed": 7}


def test_a_fallback_that_offers_no_such_model_is_refused(form, content):
    answer = form(**{"fallbacks-0-connection": content.connection.slug, "fallbacks-0-model": "other"})
    assert "offers m" in str(answer.context["adminform"].form.errors["fallbacks"])


def test_a_version_shows_what_changed_and_is_restored(form, visit, acme, content):
    form(goal="Something else", note="Bolder")
    client = visit("acme", "editor")
    page = client.get(path_of(content, "versions/2")).content.decode()
    assert "<del>g</del>" in page
    assert "<ins>Something else</ins>" in page
    assert "Bolder" in page
    first = client.get(path_of(content, "versions/1")).content.decode()
    assert "<span>—</span>" in first
    assert "{}" not in first
    answer = client.post(path_of(content, "versions/1/restore"), follow=True)
    assert "as in version 1 again; that is version 3" in told(answer)
    with enter_tenant(acme):
        assert Agent.objects.get().goal == "g"
        assert AgentVersion.objects.count() == 3


def test_who_may_not_change_agents_restores_none(visit, acme, content):
    assert visit("acme", "viewer").post(path_of(content, "versions/1/restore")).status_code in (302, 403)
    with enter_tenant(acme):
        assert AgentVersion.objects.count() == 1


def test_a_try_is_a_run(visit, acme, content):
    answer = visit("acme", "editor").post(path_of(content, "try"), {"input-task": "Say hello"})
    assert answer.status_code == 302
    with enter_tenant(acme):
        run = Run.objects.get(is_try=True)
        assert (run.kind, run.agent, run.inputs) == ("agent", content.agent, {"task": "Say hello"})
        assert run.definition["nodes"][0]["config"]["version"] == 1
        assert run.started_by.email == "editor@acme.test"
    assert answer["Location"].endswith(f"?run={run.pk}")


def test_two_are_compared_side_by_side(visit, acme, content):
    model = f"{content.connection.slug}/m"
    data = {"input-task": "Say hello", "both": "on", "second-version": "1", "second-model": model}
    client = visit("acme", "editor")
    answer = client.post(path_of(content, "try"), data)
    with enter_tenant(acme):
        first, second = Run.objects.filter(is_try=True).order_by("created_at")
    assert "model" not in first.definition["nodes"][0]["config"]
    assert second.definition["nodes"][0]["config"]["model"] == {"connection": content.connection.slug, "model": "m"}
    page = client.get(answer["Location"]).content.decode()
    assert page.count("data-pane") == 2


def test_a_try_without_a_task_says_so(visit, acme, content):
    answer = visit("acme", "editor").post(path_of(content, "try"), {"input-task": ""})
    assert answer.status_code == 200
    assert "required" in answer.content.decode()
    with enter_tenant(acme):
        assert not Run.objects.filter(is_try=True).exists()


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_run_agents_tries_none(visit, acme, content, role):
    client = visit("acme", role)
    assert client.get(path_of(content, "try")).status_code == 403
    assert client.post(path_of(content, "try"), {"input-task": "x"}).status_code == 403
    with enter_tenant(acme):
        assert not Run.objects.filter(is_try=True).exists()


def test_the_other_tenant_sees_no_try(visit, acme, content):
    client = visit("acme", "editor")
    where = client.post(path_of(content, "try"), {"input-task": "Say hello"})["Location"]
    run = where.rpartition("=")[2]
    stranger = visit("globex", "owner")
    assert stranger.get(where).status_code == 404
    assert stranger.get(f"/admin/workflows/run/{run}/trace/").status_code == 404
    shown = client.get(f"/admin/workflows/run/{run}/trace/")
    assert json.loads(shown.content)["status"] == "pending"


RULES = {
    **HTTP, "tools-0-approval": "when", "tools-0-rule-condition": "arguments.method == 'POST'",
    "tools-0-rule-policy-who-roles": ["owner"], "tools-0-rule-policy-due-after": "4h",
}  # fmt: skip


def test_when_a_person_is_asked_about_a_tool_is_given_without_json(form, visit, content, acme):
    assert form(**RULES).status_code == 302
    with enter_tenant(acme):
        agent = Agent.objects.get()
        assert agent.tools[0]["approval"] == {
            "ask": "when",
            "condition": "arguments.method == 'POST'",
            "policy": {"who": {"roles": ["owner"]}, "due": {"after": "4h"}},
        }
        before = agent.version
    form(**RULES)
    with enter_tenant(acme):
        assert Agent.objects.get().version == before, "the same rule again is no change"
    html = visit("acme", "viewer").get(path_of(content)).content.decode()
    assert "arguments.method ==" in html


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tools-0-rule-condition": ""}, "needs a condition"),
        ({"tools-0-rule-condition": "arguments.method =="}, "not valid"),
        ({"tools-0-rule-condition": "arguments.amount > 1"}, "takes no argument &#x27;amount&#x27;"),
        ({"tools-0-rule-policy-due-after": "soon"}, "policy.due.after"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_and_kept_in_the_form(form, acme, more, said):
    answer = form(**{**RULES, **more})
    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors["tools"])
    with enter_tenant(acme):
        assert Agent.objects.get().tools == []
