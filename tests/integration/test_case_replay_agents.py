"""Runs of agents and crews are replayed as workflows are: models, tools and figures answer from the case, nobody is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents import make_agent, ran_agent
from tests.integration.test_agent_loop import asks
from tests.integration.test_agent_tools import http, sink
from tests.integration.test_crew_runs import orders, post
from tests.integration.test_effects import resume
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer
from tests.probe import probe
from tests.sink import Sink
from tests.spending import calls
from tests.teams import make_crew
from tests.workbench import Bench, definition, output

__all__ = ["model", "sink"]
TEXTS = ["red fox", "grey wolf", "red hen"]


def saved(bench: Bench, run: Any) -> Any:
    """Save the run as a case."""
    from workflows.actions.cases import save_case

    assert run.status == "completed", run.error
    with bench.inside():
        return save_case(actor=bench.user(), run=run)


def replayed(bench: Bench, case: Any) -> Any:
    """Replay the case, strictly."""
    from workflows.actions.replays import run_case

    with bench.inside():
        run = run_case(actor=bench.user(), case=case, replay="strict")
    return bench.advance(run.id)


def update(bench: Bench, slug: str, **fields: Any) -> None:
    from agents.actions.agents import update_agent
    from agents.models import Agent

    with bench.inside():
        update_agent(actor=bench.user("owner"), agent=Agent.objects.get(slug=slug), **fields)


def agents_run(bench: Bench, model: ModelServer, sink: Sink) -> Any:
    """Let an agent look up the time, post with a person's leave, and answer."""
    make = make_agent(bench, tools=[{"tool": "current_time"}, http(sink, "POST", approval="always")])
    arguments = {"url": sink.url("/orders"), "json": {"n": 1}}
    model.answer(asks("current_time"), asks("http_request", **arguments), "Ordered.")
    run = ran_agent(bench, make)
    bench.decide(run.id, "approve")
    return bench.advance(run.id)


def crews_run(bench: Bench, model: ModelServer, sink: Sink) -> Any:
    """Let a crew of two order something and report it to a person."""
    from agents.models import Crew
    from workflows.actions.runs import start_run

    tasks = [
        {"slug": "order", "agent": "Ann", "description": "Order"},
        {"slug": "report", "agent": "Bob", "description": "Report", "human_input": True},
    ]
    make_crew(bench, model.base_url, {"Ann": {"tools": orders(sink, "/orders")}, "Bob": {}}, tasks)
    model.answer(post(sink, "/orders"), "Ordered.", "All is ordered.")
    with bench.inside():
        run = start_run(actor=bench.user(), crew=Crew.objects.get(slug="team"), inputs={}).id
    assert bench.advance(run).status == "waiting"
    bench.decide(run, "approve")
    return bench.advance(run)


@pytest.mark.parametrize("kind", ["agent", "crew"])
def test_a_run_with_tools_is_replayed_and_asks_nobody(bench: Bench, model: ModelServer, sink: Sink, kind: str) -> None:
    run = (agents_run if kind == "agent" else crews_run)(bench, model, sink)
    case = saved(bench, run)
    assert (len(model.requests), sink.count("/orders")) == (3, 1)
    again = replayed(bench, case)
    assert (again.status, again.outputs, again.kind) == ("completed", run.outputs, kind), again.error
    assert (again.model_calls, float(again.cost_usd)) == (0, 0.0)
    assert (len(model.requests), sink.count("/orders")) == (3, 1)
    told = [type_ for type_ in bench.types(run.id) if type_.startswith(("agent.", "tool."))]
    assert [type_ for type_ in bench.types(again.id) if type_.startswith(("agent.", "tool."))] == told


@pytest.mark.parametrize("kind", ["agent", "crew"])
def test_an_agent_that_was_changed_is_told_and_not_guessed(
    bench: Bench, model: ModelServer, sink: Sink, kind: str
) -> None:
    case = saved(bench, (agents_run if kind == "agent" else crews_run)(bench, model, sink))
    update(bench, "solo" if kind == "agent" else "ann", goal="sing")
    again = replayed(bench, case)
    assert (again.status, again.error["code"]) == ("failed", "call_changed"), again.error
    assert "sing" in again.error["details"]["diff"]
    assert (len(model.requests), sink.count("/orders")) == (3, 1)


@pytest.mark.parametrize("kind", ["agent", "crew"])
def test_a_case_shows_what_its_tools_were_asked(bench: Bench, model: ModelServer, sink: Sink, kind: str) -> None:
    case = saved(bench, (agents_run if kind == "agent" else crews_run)(bench, model, sink))
    with bench.inside():
        used = case.answers.filter(kind="tool").last()
    assert used.asked["tool"] == "http_request"
    assert used.asked["arguments"]["url"] == sink.url("/orders")
    assert used.asked["arguments"]["json"] == {"n": 1}


def figures(call: Any) -> Any:
    """Have texts embedded and put in order."""
    from agents.llm.connections import endpoint_for
    from agents.llm.gateway import Gateway

    gateway = Gateway(endpoint_for())
    return {"vectors": gateway.embed(TEXTS), "order": [list(row) for row in gateway.rerank("red", TEXTS)]}


def test_figures_are_paid_once_however_often_the_step_begins(
    bench: Bench, model: ModelServer, probes: dict[str, Any]
) -> None:
    from nexod.kernel.errors import InvalidInput
    from nexod.kernel.run_port import NotPerformed, SideEffect, performed

    refuses = [True]

    def post_it(key: str) -> str:
        if refuses:
            refuses.clear()
            raise NotPerformed(InvalidInput("Out of order."))
        return "done"

    def works(call: Any) -> Any:
        found = figures(call)
        performed(SideEffect("tool", "Post", found, idempotent=False), post_it)
        return found

    probes["works"] = works
    run = bench.ran(definition([probe("a", "works"), output(x="{{ nodes.a.gave.order[0][0] }}")]))
    assert run.status == "failed"
    done = resume(bench, run.id)
    assert (done.status, done.outputs) == ("completed", {"x": "0"}), done.error
    assert (len(model.requests), len(calls(bench)), done.model_calls) == (2, 2, 2)


def test_figures_are_replayed_as_they_were(bench: Bench, model: ModelServer, probes: dict[str, Any]) -> None:
    given: list[Any] = []
    probes["figures"] = lambda call: given.append(figures(call))
    case = saved(bench, bench.ran(definition([probe("a", "figures"), output()])))
    again = replayed(bench, case)
    assert again.status == "completed", again.error
    assert given[0] == given[1]
    assert given[1]["vectors"][0] != given[1]["vectors"][1]
    assert len(model.requests) == 2
    TEXTS.append("blue whale")
    try:
        changed = replayed(bench, case)
    finally:
        TEXTS.pop()
    assert (changed.status, changed.error["code"]) == ("failed", "call_changed")
    assert "blue whale" in changed.error["details"]["diff"]
    assert len(model.requests) == 2
