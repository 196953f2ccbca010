"""kill -9 in the middle of an agent's work: each model call is paid once, each tool is used once, each event is told once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.agents import CLOCK, make_agent, start_agent
from tests.faults import Start, World, figure, numbered, start, until, until_status
from tests.model_server import Hang, ModelServer, Text, ToolCall, ToolCalls
from tests.sink import Answer
from tests.workbench import Bench

__all__ = ["start"]
LEASE_S = 3.0
PATIENCE_S = 60
TOLD_ONCE = ("agent.started", "agent.thought", "tool.called", "tool.returned", "agent.finished")


@pytest.fixture(autouse=True)
def reachable(world: World, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address, world.sink.address]


def connected(bench: Bench, model: ModelServer) -> None:
    from agents.actions.connections import create_connection

    with bench.inside():
        create_connection(actor=bench.user("owner"), name="M", base_url=model.base_url, model_names=["scripted"])


def test_an_agent_whose_worker_is_killed_pays_and_acts_once(bench: Bench, start: Start, world: World) -> None:
    """Killed in its fourth model call, after two tools, one of which acted outside."""
    connected(bench, world.model)
    settings = {"hosts": [world.sink.address], "methods": ["POST"]}
    agent = make_agent(bench, tools=[CLOCK, {"tool": "http_request", "settings": settings}])
    post = ToolCall("http_request", {"url": world.sink.url("/order"), "json": {"n": 1}})
    world.model.answer(
        ToolCalls((ToolCall("current_time", {}),)), ToolCalls((post,)), ToolCalls((ToolCall("current_time", {"timezone": "UTC"}),)),
        Hang(60), "All done.",
    )  # fmt: skip
    worker = start(lease_s=LEASE_S)
    run = start_agent(bench, agent, task="Order one")
    until(lambda: len(world.model.requests) == 4, "the fourth call", seconds=PATIENCE_S)
    worker.kill()
    start(lease_s=LEASE_S)
    done = until_status(bench, run, "completed", seconds=PATIENCE_S)
    told = Counter(bench.types(run))
    figure(
        "agent killed", asked=len(world.model.requests), paid=done.model_calls, posted=world.sink.count("/order"),
        told={type_: told[type_] for type_ in TOLD_ONCE},
    )  # fmt: skip
    assert done.outputs["text"] == "All done."
    assert len(world.model.requests) == 5, "only the call that was never answered is made again"
    assert world.model.requests[4].body["messages"] == world.model.requests[3].body["messages"]
    assert done.model_calls == told["model.called"] == 4
    assert world.sink.count("/order") == 1
    assert (told["agent.started"], told["tool.called"], told["tool.returned"], told["agent.finished"]) == (1, 3, 3, 1)
    assert numbered(bench, run)


@pytest.mark.parametrize("decision", ["happened", "again"])
def test_an_agent_whose_worker_is_killed_in_a_request_asks_a_person(
    bench: Bench, start: Start, world: World, decision: str
) -> None:
    """It arrived, and nobody heard the answer: the model is not told anything before a person has said what came of it."""
    connected(bench, world.model)
    settings = {"hosts": [world.sink.address], "methods": ["POST"]}
    agent = make_agent(bench, tools=[{"tool": "http_request", "settings": settings}])
    post = ToolCall("http_request", {"url": world.sink.url(f"/pay/{decision}"), "json": {"n": 1}})
    world.model.answer(ToolCalls((post,)), "Paid.")
    world.sink.answer(Answer(hang_s=60))
    worker = start(lease_s=LEASE_S)
    run = start_agent(bench, agent, task="Pay")
    until(lambda: world.sink.count(f"/pay/{decision}") == 1, "the request arrives", seconds=PATIENCE_S)
    worker.kill()
    start(lease_s=LEASE_S)
    assert until_status(bench, run, "waiting", seconds=PATIENCE_S).waiting_for == "person"
    assert len(world.model.requests) == 1
    bench.decide(run, decision)
    assert until_status(bench, run, "completed", seconds=PATIENCE_S).outputs["text"] == "Paid."
    assert world.sink.count(f"/pay/{decision}") == (2 if decision == "again" else 1)
    assert len(world.model.requests) == 2
    assert bench.types(run).count("tool.called") == 1


def test_a_cancelled_agent_stops_in_the_middle(bench: Bench, start: Start, world: World) -> None:
    from workflows.actions.runs import cancel_run
    from workflows.models import Run

    connected(bench, world.model)
    agent = make_agent(bench)
    world.model.answer(Text("Never heard.", wait_s=30))
    start(lease_s=LEASE_S)
    run = start_agent(bench, agent, task="Wait")
    until(lambda: len(world.model.requests) == 1, "the call", seconds=PATIENCE_S)
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=Run.objects.get(pk=run))
    took = until(lambda: bench.run(run).status == "cancelled", "it is cancelled", seconds=10)
    figure("agent cancelled", seconds=took)
