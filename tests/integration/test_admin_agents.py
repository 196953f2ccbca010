"""Agents, connections and crews through their forms: actions write, refusals become errors of the form, the log remembers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from agents.models import Agent, Crew, CrewTask, ModelConnection
from nexod.kernel.secrets import decrypt
from tenants.context import enter_tenant
from tests.admin import filled, told

AGENT = {"name": "Analyst", "slug": "", "role": "r", "goal": "g", "backstory": "", "temperature": "0.3",
         "max_tokens": "500", "model": "", "rounds": "8", "context_policy": "trim"}  # fmt: skip


def test_an_agent_is_made_and_its_slug_with_it(visit, acme):
    answer = visit("acme", "editor").post("/admin/agents/agent/add/", AGENT, follow=True)
    assert "was added successfully" in told(answer)
    with enter_tenant(acme):
        agent = Agent.objects.get(name="Analyst")
        assert (agent.slug, agent.temperature) == ("analyst", 0.3)
        entry = LogEntry.objects.get()
        assert (entry.object_repr, entry.user.email) == ("Analyst", "editor@acme.test")


def test_what_the_action_refuses_is_said_at_the_field(visit, acme, content):
    data = {**AGENT, "temperature": "7", "connection": str(content.connection.pk)}
    answer = visit("acme", "editor").post("/admin/agents/agent/add/", data)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"temperature": ["The temperature is between 0 and 2."]}
    assert 'value="Analyst"' in answer.content.decode()
    with enter_tenant(acme):
        assert not Agent.objects.filter(name="Analyst").exists()
        assert not LogEntry.objects.exists()


def test_what_goes_with_a_crew_is_counted_and_not_listed(visit, content):
    page = visit("acme", "editor").get(f"/admin/agents/crew/{content.crew.pk}/delete/").content.decode()
    assert "Crew tasks: 2" in page
    assert "relationship" not in page
    assert "Crew task: t1" not in page


def test_nothing_in_a_rows_history_is_said_in_words_of_ours(visit, content):
    client = visit("acme", "editor")
    path = f"/admin/agents/agent/{content.agent.pk}"
    assert "Nobody has changed it in the admin yet." in client.get(f"{path}/history/").content.decode()


def test_an_unchanged_form_changes_nothing(visit, acme, content):
    client = visit("acme", "editor")
    path = f"/admin/agents/agent/{content.agent.pk}/change/"
    before = {name: getattr(content.agent, name) for name in ("name", "role", "goal", "slug", "connection_id")}
    answer = client.post(path, filled(client.get(path).content.decode(), "agent_form"))
    assert answer.status_code == 302
    with enter_tenant(acme):
        after = Agent.objects.get(pk=content.agent.pk)
        assert {name: getattr(after, name) for name in before} == before
        assert list(after.knowledge_bases.all()) == [content.knowledge_base]


def test_a_slug_stays(visit, acme, content):
    client = visit("acme", "editor")
    path = f"/admin/agents/agent/{content.agent.pk}/change/"
    data = filled(client.get(path).content.decode(), "agent_form")
    client.post(path, {**data, "slug": "other", "role": "Changed"})
    with enter_tenant(acme):
        assert Agent.objects.filter(slug="agent-one", role="Changed").exists()


def test_an_agent_that_a_crew_needs_is_kept(visit, acme, content):
    client = visit("acme", "owner")
    client.post(f"/admin/agents/agent/{content.agent.pk}/delete/", {"post": "yes"})
    with enter_tenant(acme):
        assert Agent.objects.filter(pk=content.agent.pk).exists()


def test_several_are_deleted_at_once_or_none(visit, acme, content):
    client = visit("acme", "owner")
    client.post("/admin/agents/agent/add/", {**AGENT, "name": "Free"})
    with enter_tenant(acme):
        both = [str(pk) for pk in Agent.objects.values_list("pk", flat=True)]
    client.post("/admin/agents/agent/", {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    with enter_tenant(acme):
        assert Agent.objects.count() == 2


CONNECTION = {"name": "Nexus", "slug": "", "provider": "openai_compatible", "base_url": "https://llm.example/v1",
              "api_key": "sk-secret-123", "model_names": "large\n small \nlarge", "timeout_s": "60",
              "price_in_usd": "3", "price_out_usd": "15"}  # fmt: skip


@pytest.fixture
def connection(visit, acme):
    visit("acme", "editor").post("/admin/agents/modelconnection/add/", CONNECTION)
    with enter_tenant(acme):
        return ModelConnection.objects.get()


def test_a_key_goes_in_encrypted_and_never_comes_out(visit, acme, connection):
    assert connection.model_names == ["large", "small"]
    assert connection.is_default
    assert "sk-secret" not in connection.encrypted_key
    assert decrypt(connection.encrypted_key, bound_to=acme.schema_name) == "sk-secret-123"
    client = visit("acme", "owner")
    page = client.get(f"/admin/agents/modelconnection/{connection.pk}/change/").content.decode()
    assert "sk-secret" not in page
    assert connection.encrypted_key not in page
    assert "A key is stored" in page


def change(client, connection, **changes):
    path = f"/admin/agents/modelconnection/{connection.pk}/change/"
    return client.post(path, {**filled(client.get(path).content.decode(), "modelconnection_form"), **changes})


def test_an_empty_key_keeps_the_stored_one(visit, acme, connection):
    assert change(visit("acme", "editor"), connection, timeout_s="30").status_code == 302
    with enter_tenant(acme):
        after = ModelConnection.objects.get()
        assert (after.encrypted_key, after.timeout_s) == (connection.encrypted_key, 30)


def test_a_key_is_removed_when_that_is_asked_for(visit, acme, connection):
    assert change(visit("acme", "editor"), connection, remove_key="on").status_code == 302
    with enter_tenant(acme):
        assert not ModelConnection.objects.get().has_key


def test_a_stored_key_does_not_follow_to_another_address(visit, acme, connection):
    answer = change(visit("acme", "editor"), connection, base_url="https://thief.example/v1")
    assert answer.status_code == 200
    assert "api_key" in answer.context["adminform"].form.errors
    with enter_tenant(acme):
        assert ModelConnection.objects.get().base_url == "https://llm.example/v1"


def task(number: int, slug: str, agent: str, **more: Any) -> dict[str, Any]:
    values = {"slug": slug, "description": "d", "expected_output": "e", "agent": agent,
              "context_slugs": "", "output_schema": "", **more}  # fmt: skip
    return {f"tasks-{number - 1}-{name}": value for name, value in values.items()}


def crew(*tasks: dict[str, str]) -> dict[str, str]:
    data = {"name": "Team", "slug": "", "description": "", "process": "sequential", "manager": ""}
    data |= {"tasks-TOTAL_FORMS": str(len(tasks)), "tasks-INITIAL_FORMS": "0"}
    for number, one in enumerate(tasks):
        data |= {key.replace(key.split("-")[1], str(number), 1): value for key, value in one.items()}
    return data


def test_a_crew_is_made_with_its_tasks_in_their_order(visit, acme, content):
    agent = str(content.agent.pk)
    second = task(1, "write", agent, context_slugs="research", output_schema=json.dumps({"type": "object"}))
    data = crew() | {"tasks-TOTAL_FORMS": "2", **task(8, "research", agent), **second}
    answer = visit("acme", "editor").post("/admin/agents/crew/add/", data)
    assert answer.status_code == 302, answer.context["errors"]
    with enter_tenant(acme):
        tasks = list(Crew.objects.get(name="Team").tasks.order_by("order"))
        assert [(row.slug, [other.slug for other in row.context.all()]) for row in tasks] == [
            ("research", []),
            ("write", ["research"]),
        ]
        assert tasks[1].output_schema == {"type": "object"}


def test_a_task_that_reads_a_later_one_is_refused(visit, acme, content):
    agent = str(content.agent.pk)
    data = crew(task(1, "a", agent, context_slugs="b"), task(2, "b", agent))
    answer = visit("acme", "editor").post("/admin/agents/crew/add/", data)
    assert "No task before it is called b." in str(answer.context["adminform"].form.errors)
    with enter_tenant(acme):
        assert not Crew.objects.filter(name="Team").exists()


def test_tasks_change_places_and_go(visit, acme, content):
    client = visit("acme", "editor")
    path = f"/admin/agents/crew/{content.crew.pk}/change/"
    data = filled(client.get(path).content.decode(), "crew_form")
    first = {name: data.pop(name) for name in list(data) if name.startswith("tasks-0-")}
    client.post(path, {**data, **first})
    with enter_tenant(acme):
        assert list(CrewTask.objects.values_list("slug", flat=True).order_by("order")) == ["t2", "t1"]
    data = filled(client.get(path).content.decode(), "crew_form")
    client.post(path, {name: value for name, value in data.items() if not name.startswith("tasks-0-")})
    with enter_tenant(acme):
        assert list(CrewTask.objects.values_list("slug", flat=True)) == ["t1"]


def test_json_that_is_none_is_said_at_its_task(visit, content):
    data = crew(task(1, "a", str(content.agent.pk), output_schema="{oops"))
    answer = visit("acme", "editor").post("/admin/agents/crew/add/", data)
    assert "This is not JSON" in answer.content.decode()


def test_who_approves_a_tasks_result_is_said_by_fields(visit, acme, content):
    client = visit("acme", "editor")
    said = {"policy-who-roles": ["admin", "approver"], "policy-quorum": "2"}
    client.post("/admin/agents/crew/add/", crew(task(1, "a", str(content.agent.pk), human_input="on", **said)))
    with enter_tenant(acme):
        made = CrewTask.objects.get(crew__name="Team")
    assert made.policy == {"who": {"roles": ["admin", "approver"]}, "quorum": 2}
    path = f"/admin/agents/crew/{made.crew_id}/change/"
    page = client.get(path).content.decode()
    data = filled(page, "crew_form")
    assert "tasks-0-policy" not in data
    assert data["tasks-0-policy-quorum"] == "2"
    assert client.post(path, data).status_code == 302
    with enter_tenant(acme):
        assert CrewTask.objects.get(crew__name="Team").policy == made.policy
    refused = client.post(path, {**data, "tasks-0-policy-who-roles": ["cook"]})
    assert refused.status_code == 200
    assert client.post(path, {**data, "tasks-0-policy-who-roles": [], "tasks-0-policy-quorum": ""}).status_code == 302
    with enter_tenant(acme):
        assert CrewTask.objects.get(crew__name="Team").policy == {}
