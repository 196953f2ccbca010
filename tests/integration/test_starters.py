"""Ready-made agents and crews: installed once, under free slugs, over nothing that exists; each of them works."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agents import starters
from agents.models import Agent, Crew, KnowledgeBase, ModelConnection
from tenants.context import enter_tenant
from tests.model_server import Json, ModelServer, mentions, says_system
from tests.workbench import Bench

each_starter = pytest.mark.parametrize("slug", starters.SLUGS)
INPUTS = {"topic": "tides", "document": "The moon is a cheese.", "criteria": "It is true.", "task": "Look into tides."}


def connect(bench: Bench, base_url: str = "http://127.0.0.1:9/v1", slug: str = "acme") -> None:
    from agents.actions.connections import create_connection

    with bench.inside(slug):
        owner = bench.user("owner", slug)
        create_connection(actor=owner, name="M", base_url=base_url, model_names=["scripted"])


def install(bench: Bench, starter: str, slug: str = "acme", role: str = "owner", **chosen: Any) -> Any:
    from agents.actions.starters import install_ready_made

    with bench.inside(slug):
        return install_ready_made(actor=bench.user(role, slug), starter=starter, **chosen)


def slugs(bench: Bench, model: Any, slug: str = "acme") -> list[str]:
    with bench.inside(slug):
        return sorted(model.objects.values_list("slug", flat=True))


@each_starter
def test_installing_twice_is_installing_once_and_in_one_tenant(bench: Bench, slug: str) -> None:
    connect(bench)
    connect(bench, slug="globex")
    first = install(bench, slug)
    assert first.made == len(starters.get(slug).agents) + (starters.get(slug).crew is not None)
    before = slugs(bench, Agent), slugs(bench, Crew)
    again = install(bench, slug)
    assert (again, again.made) == (first, 0)
    assert (slugs(bench, Agent), slugs(bench, Crew)) == before
    assert slugs(bench, Agent, "globex") == slugs(bench, Crew, "globex") == []


def test_what_exists_keeps_its_name_and_its_words(bench: Bench) -> None:
    from agents.actions.agents import create_agent

    connect(bench)
    with bench.inside():
        mine = create_agent(actor=bench.user("owner"), name="Mine", slug="writer", role="Mine", goal="My own")
    installed = install(bench, "research-crew")
    assert slugs(bench, Agent) == ["analyst", "researcher", "writer", "writer-2"]
    with bench.inside():
        assert Agent.objects.get(pk=mine.pk).goal == "My own"
        last = installed.crew.tasks.order_by("order").last()
        assert last.agent.slug == "writer-2"


def test_what_was_changed_after_the_installation_stays_so(bench: Bench) -> None:
    from agents.actions.agents import delete_agent, update_agent
    from agents.actions.crews import delete_crew

    connect(bench)
    installed = install(bench, "research-crew")
    with bench.inside():
        owner = bench.user("owner")
        writer = Agent.objects.get(slug="writer")
        update_agent(actor=owner, agent=writer, goal="Rhyme.")
        delete_crew(actor=owner, crew=installed.crew)
        delete_agent(actor=owner, agent=Agent.objects.get(slug="analyst"))
    again = install(bench, "research-crew")
    assert again.made == 2, "the crew and the analyst"
    with bench.inside():
        assert Agent.objects.get(slug="writer").goal == "Rhyme."
        assert Agent.objects.count() == 3


def test_two_at_the_same_moment_install_one(bench: Bench) -> None:
    connect(bench)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(install(bench, "review-crew").made)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [0, 0, 0, 3]
    assert slugs(bench, Agent) == ["auditor", "validator"]


@each_starter
def test_without_a_model_it_says_so_and_makes_nothing(bench: Bench, slug: str) -> None:
    from agents.llm.errors import ModelNotConnected

    with pytest.raises(ModelNotConnected, match="no default model connection"):
        install(bench, slug)
    assert slugs(bench, Agent) == []


def test_who_may_not_make_agents_installs_none(bench: Bench) -> None:
    from nexod.kernel.errors import PermissionDenied

    connect(bench)
    with pytest.raises(PermissionDenied):
        install(bench, "research-agent", role="viewer")


def test_model_and_knowledge_may_be_chosen(bench: Bench) -> None:
    from agents.actions.knowledge import create_knowledge_base

    connect(bench)
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("owner"), name="Papers")
        other = ModelConnection.objects.get()
    installed = install(bench, "research-crew", knowledge_base=base, connection=other)
    with bench.inside():
        agents = {agent.slug: agent for agent in Agent.objects.all()}
        assert {agent.connection for agent in agents.values()} == {other}
        assert [base.slug for base in agents["researcher"].knowledge_bases.all()] == ["papers"]
        assert not agents["writer"].knowledge_bases.exists()
        assert KnowledgeBase.objects.count() == 1
    assert installed.made == 4


@each_starter
def test_each_of_them_works(bench: Bench, model_server: ModelServer, slug: str) -> None:
    from workflows.actions.runs import start_run

    connect(bench, model_server.base_url)
    row = install(bench, slug).row
    long = "The moon pulls the water, as [D1] says. " * 12
    model_server.always(long, when=lambda request: request.schema is None)
    model_server.answer(Json({"verdict": "pass", "score": 1, "problems": []}), when=says_system("You are Validator"))
    model_server.always(Json({"verdict": "pass", "score": 8, "problems": []}), when=says_system("You are Validator"))
    problem = {"quotation": "cheese", "criterion": "true", "problem": "It is rock.", "severity": "blocking"}
    model_server.always(Json({"problems": [problem]}), when=mentions("Put this into the form"))
    target = {"crew" if starters.get(slug).crew else "agent": row}
    with bench.inside():
        wanted = starters.get(slug).inputs or {"task": ""}
        inputs = {name: INPUTS[name] for name in wanted}
        run = start_run(actor=bench.user("owner"), inputs=inputs, **target).id
    done = bench.advance(run)
    assert done.status == "completed", done.error
    if slug == "review-crew":
        assert bench.types(run).count("guardrail.refused") == 1, "who passes needs a score of 5"
    if slug == "research-crew":
        assert mentions("You are Writer", "moon pulls")(model_server.requests[-1])
    offered = {tool["function"]["name"] for request in model_server.requests for tool in request.body.get("tools", [])}
    assert ("http_request" in offered) == (slug == "execution-agent")


def test_the_catalogue_says_what_it_is_and_what_it_needs(bench: Bench) -> None:
    from agents.placeholders import PLACEHOLDER

    for starter in starters.all_starters():
        texts = [str(value) for agent in starter.agents for value in agent.values()]
        texts += [task["description"] for task in (starter.crew or {"tasks": []})["tasks"]]
        assert set(PLACEHOLDER.findall(" ".join(texts))) == set(starter.inputs), starter.slug
        assert starter.version >= 1
        assert starter.hints
        assert all(len(line) == 3 for line in starter.work())


def test_over_the_api(program: Any, visit: Any, acme: Any, globex: Any) -> None:
    editor = program("acme", "editor")
    with enter_tenant(acme):
        ModelConnection.objects.create(
            slug="m", name="M", base_url="https://m.example/v1", model_names=["m"], is_default=True
        )
    listed = {each["slug"]: each for each in editor.get("starters")["results"]}
    assert [listed[slug]["kind"] for slug in ("briefing", "research-crew", "review-agent")] == [
        "workflow",
        "crew",
        "agent",
    ]
    made = editor("post", "starters/research-crew/install", {})
    assert made.status_code == 201, made.content
    assert (made.json()["kind"], made.json()["made"]) == ("crew", 4)
    assert made.json()["agents"] == ["researcher", "analyst", "writer"]
    assert editor.get(f"crews/{made.json()['id']}")["tasks"][2]["guardrails"][0]["min_words"] == 20
    assert editor("post", "starters/research-crew/install", {}).json()["made"] == 0
    with enter_tenant(globex):
        assert not Crew.objects.exists()


def test_from_the_gallery_with_one_press(visit: Any, acme: Any, globex: Any, content: Any) -> None:
    client = visit("acme", "editor")
    page = client.get("/admin/workflows/starters/").content.decode()
    assert "Connect a model first" in page
    with enter_tenant(acme):
        connected = {"is_default": True, "base_url": "https://m.example/v1", "model_names": ["m"]}
        type(content.connection).objects.update(**connected)
    assert "Connect a model first" not in client.get("/admin/workflows/starters/").content.decode()
    answer = client.post("/admin/agents/starters/research-crew/install/", follow=True)
    assert "Research is installed." in answer.content.decode()
    assert "/agents/crew/" in answer.redirect_chain[-1][0]
    with enter_tenant(globex):
        assert not Crew.objects.filter(starter="research-crew").exists()
    assert visit("acme", "viewer").post("/admin/agents/starters/review-crew/install/").status_code in (302, 403)
    with enter_tenant(acme):
        assert not Crew.objects.filter(starter="review-crew").exists()


def test_the_gallery_takes_nothing_of_another_tenant(visit: Any, acme: Any, globex: Any, content: Any) -> None:
    with enter_tenant(globex):
        theirs = ModelConnection.objects.create(slug="theirs", name="T", model_names=["m"], is_default=True)
    with enter_tenant(acme):
        type(content.connection).objects.update(is_default=True)
    client = visit("acme", "editor")
    client.post("/admin/agents/starters/research-agent/install/", {"connection": str(theirs.pk)})
    with enter_tenant(acme):
        assert not Agent.objects.filter(starter__startswith="research-agent").exists()
