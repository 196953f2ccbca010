"""Agents, crews and knowledge bases as shared documents: written together, saved as they were seen, never overwritten unseen."""

from __future__ import annotations

from typing import Any

import pycrdt
import pytest
from django.contrib.auth.models import Group, Permission

from agents.actions.agent_versions import restore_version
from agents.actions.agents import create_agent, delete_agent, update_agent
from agents.actions.credentials import create_credential
from agents.actions.crews import create_crew, update_crew
from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base, update_knowledge_base
from agents.errors import SaveUnconfirmed, SettingsChanged, SettingsConflict
from agents.models import Agent, Crew
from agents.settings.kinds import kind_of
from agents.settings.merging import merged
from agents.settings.saving import discard_settings, save_settings, settings_draft
from collaboration.crdt import store
from collaboration.crdt.settings.settling import settle
from collaboration.crdt.settings.shape import content_of
from collaboration.models import Activity, SharedDocument
from nexod.kernel.errors import InvalidInput, NotFound, PermissionDenied
from tenants.accounts.models import User
from tenants.context import enter_tenant

Json = dict[str, Any]
pytestmark = pytest.mark.usefixtures("in_acme")
GOAL = "Find what matters."


@pytest.fixture
def agent(ann: Any) -> Agent:
    return create_agent(actor=ann, name="Scout", role="Researcher", goal=GOAL, max_tokens=500)


@pytest.fixture
def crew(ann: Any, agent: Agent) -> Crew:
    task = {"description": "Look.", "expected_output": "A list.", "agent": agent}
    tasks = [{**task, "slug": "look"}, {**task, "slug": "tell", "context": ["look"]}]
    return create_crew(actor=ann, name="Scouts", tasks=tasks)


def opened(kind: str, row: Any) -> pycrdt.Doc[Any]:
    """The document as a client has it that just came."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(store.opened(f"{kind}:{row.pk}")[0])
    return doc


def settings(doc: pycrdt.Doc[Any]) -> Any:
    return doc.get("settings", type=pycrdt.Map)


def edited(kind: str, row: Any, who: Any, doc: pycrdt.Doc[Any], change: Any) -> None:
    """Let a client change its document, and the server keep that."""
    before = doc.get_state()
    change(doc)
    store.append(f"{kind}:{row.pk}", [doc.get_update(before)], who)


def typing(field: str, words: str) -> Any:
    def type_(doc: pycrdt.Doc[Any]) -> None:
        place = settings(doc)[field]
        place += words

    return type_


def told(kind: str, row: Any) -> Json:
    found = settle(kind_of(kind), row.pk)
    assert found is not None
    return found


def says(kind: str, row: Any) -> Json:
    return content_of(opened(kind, row), kind_of(kind))


def by(found: Json) -> dict[str, list[str]]:
    return {one["field"]: [who["id"] for who in one["by"]] for one in found["changed"]}


def save(who: Any, kind: str, row: Any, **more: Any) -> Any:
    return save_settings(actor=who, kind=kind_of(kind), row=row, digest=told(kind, row)["digest"], **more)


def test_a_document_begins_as_what_is_saved_and_changes_nothing(agent: Agent, crew: Crew, ann: Any) -> None:
    base = create_knowledge_base(actor=ann, name="Handbook", retrieval={"variety": 0.5, "rerank": {"model": "m"}})
    for kind, row in {"agent": agent, "crew": crew, "knowledge": base}.items():
        fresh = type(row).objects.get(pk=row.pk)
        assert says(kind, row) == kind_of(kind).content(fresh)
        found = told(kind, row)
        assert (found["problems"], found["changed"]) == ([], [])
        assert found["digest"] == found["saved"]
    assert agent.versions.count() == 1


def test_two_write_in_one_goal_and_the_agent_stays_as_it_was_until_somebody_saves(
    agent: Agent, ann: Any, bob: Any
) -> None:
    one, two = opened("agent", agent), opened("agent", agent)
    edited("agent", agent, ann, one, typing("goal", " Cite it."))
    edited("agent", agent, bob, two, lambda doc: settings(doc)["goal"].insert(0, "Read all. "))
    edited("agent", agent, bob, two, lambda doc: settings(doc).__setitem__("rounds", 12))
    assert by(told("agent", agent)) == {"goal": [str(ann.pk), str(bob.pk)], "rounds": [str(bob.pk)]}
    assert Agent.objects.get(pk=agent.pk).goal == GOAL
    with pytest.raises(SaveUnconfirmed) as refused:
        save(ann, "agent", agent)
    assert [one["field"] for one in refused.value.details["changed"]] == ["goal", "rounds"]
    save(ann, "agent", agent, confirm=True, note="Together")
    now = Agent.objects.get(pk=agent.pk)
    assert (now.goal, now.rounds, now.version) == (f"Read all. {GOAL} Cite it.", 12, 2)
    version = now.versions.get(number=2)
    assert (version.author, version.note) == (ann, "Together")
    assert list(version.contributors.all()) == [bob]
    deed = Activity.objects.get(verb="saved")
    assert deed.facts == {"fields": ["goal", "rounds"], "contributors": sorted([str(ann.pk), str(bob.pk)])}
    assert told("agent", agent)["changed"] == []


def test_a_version_tells_who_changed_what_since_the_one_before(visit: Any, agent: Agent, ann: Any, bob: Any) -> None:
    one, two = opened("agent", agent), opened("agent", agent)
    edited("agent", agent, ann, one, typing("goal", " Cite it."))
    edited("agent", agent, bob, two, lambda doc: settings(doc)["goal"].insert(0, "Read all. "))
    edited("agent", agent, bob, two, lambda doc: settings(doc)["options"].__setitem__("top_p", 0.5))
    told("agent", agent)  # somebody looks meanwhile
    edited("agent", agent, ann, one, lambda doc: settings(doc).__setitem__("rounds", 12))
    save(bob, "agent", agent, confirm=True)
    update_agent(actor=ann, agent=agent, role="Scholar")
    newest, joint, first = visit("acme", "viewer").get(f"/api/v1/agents/{agent.pk}/versions").json()["results"]
    anns, bobs = [{"id": str(one.pk), "name": str(one)} for one in (ann, bob)]
    assert joint["changes"] == [
        {"field": "goal", "by": [anns, bobs]},
        {"field": "options", "by": [bobs]},
        {"field": "rounds", "by": [anns]},
    ]
    assert (newest["changes"], first["changes"]) == ([{"field": "role", "by": [anns]}], [])
    page = visit("acme", "viewer").get(f"/admin/agents/agent/{agent.pk}/versions/2/").content.decode()
    assert f"<dt>Goal</dt><dd>{ann}, {bob}</dd>" in page
    assert f"<dt>Rounds</dt><dd>{ann}</dd>" in page
    assert visit("globex", "owner").get(f"/api/v1/agents/{agent.pk}/versions/2").status_code == 404
    assert visit("globex", "owner").get(f"/admin/agents/agent/{agent.pk}/versions/2/").status_code == 404


def test_only_what_was_seen_is_saved(agent: Agent, ann: Any) -> None:
    doc = opened("agent", agent)
    edited("agent", agent, ann, doc, typing("goal", " One."))
    seen = told("agent", agent)["digest"]
    edited("agent", agent, ann, doc, typing("goal", " Two."))
    with pytest.raises(SettingsChanged):
        save_settings(actor=ann, kind=kind_of("agent"), row=agent, digest=seen)
    assert Agent.objects.get(pk=agent.pk).goal == GOAL
    save(ann, "agent", agent)
    assert Agent.objects.get(pk=agent.pk).goal == f"{GOAL} One. Two."


def test_what_is_changed_elsewhere_comes_into_the_document_and_takes_nothing_away(
    agent: Agent, ann: Any, bob: Any
) -> None:
    doc = opened("agent", agent)
    edited("agent", agent, ann, doc, typing("goal", " Cite it."))
    update_agent(actor=bob, agent=Agent.objects.get(pk=agent.pk), goal=f"Soon: {GOAL}", max_tokens=900)
    assert says("agent", agent) | {"tools": []} == {
        **kind_of("agent").content(Agent.objects.get(pk=agent.pk)),
        "goal": f"Soon: {GOAL} Cite it.",
    }
    assert by(told("agent", agent))["goal"] == [str(ann.pk), str(bob.pk)]
    assert Agent.objects.get(pk=agent.pk).goal == f"Soon: {GOAL}", "what ann wrote is not saved by it"
    restore_version(actor=bob, agent=Agent.objects.get(pk=agent.pk), number=1)
    assert says("agent", agent)["goal"] == f"{GOAL} Cite it."
    assert says("agent", agent)["max_tokens"] == 500


def test_problems_are_those_that_saving_would_name_and_nothing_is_stored_by_looking(agent: Agent, ann: Any) -> None:
    doc = opened("agent", agent)
    edited("agent", agent, ann, doc, lambda doc: settings(doc).update({"temperature": 9, "rounds": "many"}))
    assert [one["field"] for one in told("agent", agent)["problems"]] == ["temperature", "rounds"]
    edited(
        "agent", agent, ann, doc, lambda doc: settings(doc).update({"temperature": 1, "rounds": 4, "connection": "x"})
    )
    assert [one["message"] for one in told("agent", agent)["problems"]] == ["There is no model connection 'x' here."]
    with pytest.raises(InvalidInput):
        save(ann, "agent", agent)
    edited("agent", agent, ann, doc, lambda doc: settings(doc).__setitem__("connection", ""))
    assert told("agent", agent)["problems"] == []
    assert Agent.objects.get(pk=agent.pk).temperature == 0.2
    assert agent.versions.count() == 1


def test_a_crew_that_names_whom_nobody_knows_is_told_where(crew: Crew, agent: Agent, ann: Any) -> None:
    doc = opened("crew", crew)

    def problems(part: Any, field: str, value: Any) -> list[tuple[str, str]]:
        edited("crew", crew, ann, doc, lambda _: part.__setitem__(field, value))
        return [(one["field"], one["message"]) for one in told("crew", crew)["problems"]]

    look = doc.get("tasks", type=pycrdt.Map)["look"]
    assert problems(settings(doc), "manager", "gone") == [("manager", "There is no agent 'gone' here.")]
    assert problems(look, "agent", "nobody") == [("tasks.0.agent", "There is no agent 'nobody' here.")]
    assert problems(settings(doc), "members", [agent.slug, ""]) == [("members", "There is no agent '' here.")]
    assert problems(settings(doc), "members", [agent.slug, agent.slug])[0][0] == "tasks.0.agent"
    problems(look, "agent", agent.slug)
    assert problems(settings(doc), "manager", "") == []


def test_who_may_not_change_saves_and_discards_nothing(agent: Agent, ann: Any, person: Any) -> None:
    edited("agent", agent, ann, opened("agent", agent), typing("goal", " More."))
    viewer = person("acme", "viewer")
    for act in (save_settings, discard_settings):
        with pytest.raises(PermissionDenied):
            act(actor=viewer, kind=kind_of("agent"), row=agent, digest=told("agent", agent)["digest"])
    assert settings_draft(actor=viewer, kind=kind_of("agent"), row=agent).content["goal"] == f"{GOAL} More."


def test_a_credential_is_named_never_told_and_let_in_only_by_who_may_use_it(agent: Agent, ann: Any, bob: Any) -> None:
    create_credential(actor=bob, name="Mail", slug="mail", hosts=["https://mail.example.com"], secret="tok-very-secret")
    rights = ("view_agent", "change_agent")
    group = Group.objects.create(name="Writers")
    group.permissions.set(Permission.objects.filter(codename__in=rights))
    eve = User.objects.create_user(email="eve@acme.test", password="correct horse battery")
    eve.groups.add(group)
    tool = {
        "tool": "http_request",
        "settings": {"hosts": ["mail.example.com"], "credential": "mail"},
        "approval": "never",
    }
    edited("agent", agent, eve, opened("agent", agent), lambda doc: settings(doc).__setitem__("tools", [tool]))
    assert told("agent", agent)["problems"] == []
    with pytest.raises(PermissionDenied, match="use_credential"):
        save(eve, "agent", agent)
    save(ann, "agent", agent, confirm=True)
    assert Agent.objects.get(pk=agent.pk).tools[0]["settings"]["credential"] == "mail"
    assert b"tok-very-secret" not in store.opened(f"agent:{agent.pk}")[0]
    assert says("agent", agent)["tools"] == Agent.objects.get(pk=agent.pk).tools, "as it was stored"


def test_what_is_not_saved_can_be_given_up(agent: Agent, ann: Any, bob: Any) -> None:
    edited("agent", agent, ann, opened("agent", agent), typing("goal", " No."))
    discard_settings(actor=bob, kind=kind_of("agent"), row=agent, digest=told("agent", agent)["digest"])
    assert says("agent", agent)["goal"] == GOAL
    assert told("agent", agent)["changed"] == []


def test_who_is_gone_takes_the_document_along(agent: Agent, ann: Any) -> None:
    base = create_knowledge_base(actor=ann, name="Handbook")
    opened("agent", agent)
    opened("knowledge", base)
    delete_agent(actor=ann, agent=agent)
    delete_knowledge_base(actor=ann, knowledge_base=base)
    assert not SharedDocument.objects.exists()
    with pytest.raises(NotFound):
        store.opened(f"agent:{agent.pk}")


def test_the_other_tenant_has_no_such_document(agent: Agent, globex: Any) -> None:
    opened("agent", agent)
    with enter_tenant(globex):
        with pytest.raises(NotFound):
            store.opened(f"agent:{agent.pk}")
        assert not SharedDocument.objects.exists()


def test_a_knowledge_base_is_searched_as_it_was_saved(ann: Any, bob: Any) -> None:
    base = create_knowledge_base(actor=ann, name="Handbook", retrieval={"variety": 0.5})
    one, two = opened("knowledge", base), opened("knowledge", base)
    edited("knowledge", base, ann, one, lambda doc: settings(doc)["retrieval"].__setitem__("neighbours", 2))
    edited("knowledge", base, bob, two, lambda doc: settings(doc)["retrieval"].__setitem__("variety", 0.25))
    base.refresh_from_db()
    assert base.retrieval == {"variety": 0.5}
    save(ann, "knowledge", base, confirm=True)
    base.refresh_from_db()
    assert base.retrieval == {"variety": 0.25, "neighbours": 2}
    update_knowledge_base(actor=bob, knowledge_base=base, retrieval={})
    assert says("knowledge", base)["retrieval"] == {}


def test_tasks_are_written_moved_and_renamed_together(crew: Crew, ann: Any, bob: Any) -> None:
    def task(doc: pycrdt.Doc[Any], key: str) -> Any:
        return doc.get("tasks", type=pycrdt.Map)[key]

    one, two = opened("crew", crew), opened("crew", crew)
    edited("crew", crew, ann, one, lambda doc: task(doc, "look").__setitem__("slug", "search"))
    edited("crew", crew, bob, two, lambda doc: task(doc, "look")["description"].insert(0, "Please: "))
    found = told("crew", crew)
    assert "No task before it is called look" in found["problems"][0]["message"]
    edited("crew", crew, ann, one, lambda doc: task(doc, "tell").__setitem__("context", ["search"]))
    assert told("crew", crew)["problems"] == []
    save(ann, "crew", crew, confirm=True)
    tasks = list(Crew.objects.get(pk=crew.pk).tasks.order_by("order"))
    assert [(row.slug, row.description) for row in tasks] == [("search", "Please: Look."), ("tell", "Look.")]
    assert [row.slug for row in tasks[1].context.all()] == ["search"]
    agent = tasks[0].agent
    third = {"slug": "sum", "description": "Sum up.", "expected_output": "Words.", "agent": agent}
    kept = [
        {"slug": row.slug, "description": row.description, "expected_output": "A list.", "agent": agent}
        for row in tasks
    ]
    update_crew(actor=bob, crew=crew, tasks=[third, *kept])
    assert [task["slug"] for task in says("crew", crew)["tasks"]] == ["sum", "search", "tell"]
    assert told("crew", crew)["changed"] == []


def test_a_form_that_was_sent_late_is_merged_or_refused(agent: Agent) -> None:
    kind = kind_of("agent")
    base = kind.content(agent)
    now = {**base, "goal": f"{GOAL} Soon.", "rounds": 3}
    given = {**base, "goal": f"Please: {GOAL}", "role": "Scholar"}
    assert merged(kind, base=base, now=now, given=given) == {**now, "goal": f"Please: {GOAL} Soon.", "role": "Scholar"}
    with pytest.raises(SettingsConflict) as refused:
        merged(kind, base=base, now=now, given={**given, "rounds": 5})
    assert [one["field"] for one in refused.value.details] == ["rounds"]
