"""Agents and crews remember and recall through tools: for the person that the run works for."""

from __future__ import annotations

from typing import Any

from agents.memory.mind import Mind
from agents.memory.recall import recall
from agents.models import Memory
from tests.agents import make_agent, ran_agent, told
from tests.integration.test_agent_loop import asks
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.teams import make_crew
from tests.workbench import Bench, definition, node, output

TOOLS = [{"tool": "remember"}, {"tool": "recall"}]
FACT = "Reports are wanted in French."


__all__ = ["model"]


def results(model: ModelServer) -> list[str]:
    """Return what the tools told, out of the fence that says that it is data."""
    told = [message["content"] for message in model.requests[-1].body["messages"] if message["role"] == "tool"]
    return [text.split("\n", 1)[1].rsplit("\n", 1)[0] for text in told]


def alive(bench: Bench, slug: str = "acme") -> list[Any]:
    with bench.inside(slug):
        return list(Memory.objects.alive().select_related("user"))


def test_what_one_run_keeps_comes_to_mind_in_the_next(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=TOOLS)
    model.answer(asks("remember", text=FACT, topic="language"), "Noted.")
    first = ran_agent(bench, agent)
    [kept] = alive(bench)
    assert (kept.text, kept.topic, kept.user, kept.run) == (FACT, "language", bench.user(), first.id)
    assert alive(bench, "globex") == []
    model.answer(asks("recall", query="In which language are reports written?"), "In French.")
    second = ran_agent(bench, agent)
    assert results(model) == [f"- {kept.created_at:%Y-%m-%d}: language: {FACT}"]
    assert [event["tool"] for event in told(bench, second, "tool.returned")] == ["recall"]


def test_what_is_the_agents_own_comes_to_no_other_agent(bench: Bench, model: ModelServer) -> None:
    scoped = [{"tool": "remember", "settings": {"scope": "agent"}}, {"tool": "recall"}]
    one, other = make_agent(bench, tools=scoped), make_agent(bench, name="Other", tools=scoped)
    model.answer(asks("remember", text=FACT), "Noted.")
    ran_agent(bench, one)
    [kept] = alive(bench)
    assert (kept.scope, kept.agent) == ("agent", one.slug)
    for agent, found in ((one, FACT), (other, "Nothing comes to mind.")):
        model.answer(asks("recall", query="In which language are reports written?"), "Well.")
        ran_agent(bench, agent)
        assert found in results(model)[0]


def test_one_persons_run_recalls_nothing_of_anothers(bench: Bench, model: ModelServer) -> None:
    from agents.actions.memories import keep

    with bench.inside():
        keep(Mind(bench.user("owner").pk), FACT)
    model.answer(asks("recall", query="In which language are reports written?"), "I do not know.")
    ran_agent(bench, make_agent(bench, tools=TOOLS))
    assert results(model) == ["Nothing comes to mind."]
    with bench.inside():
        assert [one.memory.text for one in recall(Mind(bench.user("owner").pk), "language of reports")] == [FACT]


def test_what_a_model_keeps_is_bounded(bench: Bench, model: ModelServer) -> None:
    model.answer(asks("remember", text="x" * 2_001), asks("remember", text="x", importance=7), "Well.")
    ran_agent(bench, make_agent(bench, tools=TOOLS))
    assert alive(bench) == []


def test_a_crew_remembers_and_another_run_of_it_recalls_for_the_same_person_alone(
    bench: Bench, model: ModelServer
) -> None:
    agents = {role: {"tools": TOOLS} for role in ("Finder", "Writer")}
    tasks = [{"slug": "find", "description": "Find it", "agent": "Finder"},
             {"slug": "write", "description": "Write it", "agent": "Writer", "context": ["find"]}]  # fmt: skip
    make_crew(bench, model.base_url, agents, tasks)
    document = definition([node("team", "crew", {"crew": "team"}), output()])
    model.answer(asks("remember", text=FACT, topic="language"), "Found.", "Written.")
    first = bench.ran(document)
    assert first.status == "completed", first.error
    [kept] = alive(bench)
    assert (kept.text, kept.user, kept.run) == (FACT, bench.user(), first.id)
    query = asks("recall", query="In which language are reports written?")
    model.answer("Found.", query, "In French.")
    assert bench.ran(document).status == "completed"
    assert FACT in results(model)[0]
    with bench.inside():
        Memory.objects.update(user=bench.user("owner"))
    model.answer("Found.", query, "I do not know.")
    assert bench.ran(document).status == "completed"
    assert results(model) == ["Nothing comes to mind."]
