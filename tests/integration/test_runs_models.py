"""Runs whose steps ask a model: what is used is counted, what goes wrong is told, and a cancel is heard in mid-stream."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

import pytest

from tests.model_server import Cut, Drip, Hang, Json, ModelServer, Status, Text
from tests.workbench import Bench, ask, definition, node, output, text


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    """Serve a model that both tenants are connected to; a million tokens in cost 1 dollar, out 2."""
    from agents.models import ModelConnection

    for slug in ("acme", "globex"):
        with bench.inside(slug):
            ModelConnection.objects.create(
                slug="test",
                name="Test model",
                provider="openai_compatible",
                base_url=model_server.base_url,
                model_names=["scripted"],
                is_default=True,
                timeout_s=20,
                price_in_usd=1,
                price_out_usd=2,
            )
    return model_server


def llm(id_: str = "ask", prompt: str = "About {{ inputs.topic }}", *, more: Any = None, **config: Any) -> Any:
    return node(id_, "llm", {"prompt": prompt, **config}, **(more or {}))


ONE = definition([llm(), output(said="{{ nodes.ask.text }}")])


def test_an_answer_becomes_the_output(bench: Bench, model: ModelServer) -> None:
    model.answer("The moon pulls.")
    run = bench.ran(ONE)
    assert (run.status, run.outputs) == ("completed", {"said": "The moon pulls."})
    [request] = model.requests
    assert request.last == "About tides"


def test_what_was_used_is_counted_for_step_run_and_tenant(bench: Bench, model: ModelServer) -> None:
    model.answer("one two three", "four five")
    run = bench.ran(definition([llm("a"), llm("b"), output()]))
    steps = {step.node: step for step in bench.steps(run.id)}
    called = [event for event in bench.events(run.id) if event.type == "model.called"]
    assert (run.model_calls, len(called)) == (2, 2)
    assert steps["a"].model_calls == steps["b"].model_calls == 1
    for name in ("tokens_in", "tokens_out"):
        total = getattr(run, name)
        assert total > 0
        assert total == sum(getattr(step, name) for step in steps.values()) == sum(event.data[name] for event in called)
    assert float(run.cost_usd) == pytest.approx((run.tokens_in + 2 * run.tokens_out) / 1e6)
    usage = bench.usage()
    assert (usage["model_calls"], usage["tokens_in"], usage["tokens_out"]) == (2, run.tokens_in, run.tokens_out)
    assert bench.usage("globex") == {}


def test_totals_are_in_the_events(bench: Bench, model: ModelServer) -> None:
    model.answer("one two three")
    run = bench.ran(ONE)
    done = {event.type: event.data for event in bench.events(run.id)}
    [asked] = [e for e in bench.events(run.id) if e.type == "step.completed" and e.data["node"] == "ask"]
    assert asked.data["totals"]["tokens_out"] == done["run.completed"]["totals"]["tokens_out"] == run.tokens_out


def test_a_model_that_is_out_of_order_fails_the_run(bench: Bench, model: ModelServer) -> None:
    model.answer(*[Status(500)] * 6)
    run = bench.ran(ONE)
    assert (run.status, run.error["code"], run.error["node"]) == ("failed", "model_unavailable", "ask")
    assert "model.failed" in bench.types(run.id)


def test_the_steps_own_retry_helps_when_the_model_recovers(bench: Bench, model: ModelServer) -> None:
    model.answer(*[Status(401)] * 1, "better")
    run = bench.ran(
        definition([llm(more={"retry": {"attempts": 2, "backoff_s": 0.01}}), output(said="{{ nodes.ask.text }}")])
    )
    assert (run.status, run.outputs) == ("completed", {"said": "better"})
    assert bench.types(run.id).count("step.retried") == 1


def test_tokens_of_a_stream_that_broke_are_counted(bench: Bench, model: ModelServer) -> None:
    model.answer(*[Cut("These words were paid for")] * 6)
    run = bench.ran(ONE)
    assert run.status == "failed"
    assert run.tokens_out > 0


@pytest.mark.parametrize("reply", [Drip("word " * 400, every_s=0.05), Hang(20)], ids=["in mid-stream", "in silence"])
def test_cancel_is_heard_within_a_second(bench: Bench, model: ModelServer, reply: Any) -> None:
    model.answer(reply)
    run = bench.start(ONE)
    asked = threading.Thread(target=_cancel_when_asked, args=(bench, model, run))
    asked.start()
    found = bench.advance(run)
    asked.join()
    assert found.status == "cancelled"
    [requested] = [event for event in bench.events(run) if event.type == "run.cancel_requested"]
    assert (found.finished_at - requested.at).total_seconds() < 1


def test_a_connection_deleted_in_flight_is_a_clear_error(bench: Bench, model: ModelServer) -> None:
    from agents.models import ModelConnection

    run = bench.ran(definition([ask("ok"), llm(), output()]))
    with bench.inside():
        ModelConnection.objects.all().delete()
    bench.decide(run.id, "approve")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["code"], failed.error["node"]) == ("failed", "model_not_connected", "ask")


def test_an_agent_deleted_in_flight_is_a_clear_error(bench: Bench, model: ModelServer) -> None:
    from agents.models import Agent

    with bench.inside():
        Agent.objects.create(slug="poet", name="Poet", role="Poet", goal="Rhyme")
    run = bench.ran(definition([ask("ok"), node("work", "agent", {"agent": "poet", "prompt": "A verse."}), output()]))
    with bench.inside():
        Agent.objects.all().delete()
    bench.decide(run.id, "approve")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["node"]) == ("failed", "work")
    assert "poet" in failed.error["message"]


def test_a_knowledge_base_deleted_in_flight_is_a_clear_error(bench: Bench, model: ModelServer) -> None:
    from agents.models import KnowledgeBase

    with bench.inside():
        KnowledgeBase.objects.create(slug="docs", name="Docs")
    look = node("look", "knowledge", {"knowledge_base": "docs", "query": "x"})
    run = bench.ran(definition([ask("ok"), look, output()]))
    with bench.inside():
        KnowledgeBase.objects.all().delete()
    bench.decide(run.id, "approve")
    failed = bench.advance(run.id)
    assert (failed.status, failed.error["node"]) == ("failed", "look")
    assert "docs" in failed.error["message"]


def test_an_agent_runs_by_itself(bench: Bench, model: ModelServer) -> None:
    from agents.models import Agent
    from workflows.actions.runs import start_run

    model.answer("Roses are red.")
    with bench.inside():
        agent = Agent.objects.create(slug="poet", name="Poet", role="Poet", goal="Rhyme")
        run = start_run(actor=bench.user(), agent=agent, inputs={"task": "A verse."})
    done = bench.advance(run.id)
    assert done.status == "completed", done.error
    assert "Roses are red." in done.outputs["text"]
    assert done.model_calls == 1
    assert "agent.started" in bench.types(run.id)


def test_a_crew_in_a_workflow_gives_its_tasks_results(bench: Bench, model: ModelServer) -> None:
    from agents.models import Agent, Crew, CrewTask

    with bench.inside():
        poet = Agent.objects.create(slug="poet", name="Poet", role="Poet", goal="Rhyme")
        crew = Crew.objects.create(slug="poets", name="Poets")
        for order, slug in enumerate(("plan", "verse"), 1):
            CrewTask.objects.create(
                crew=crew, slug=slug, order=order, description=f"{slug} {{topic}}", expected_output="text", agent=poet
            )
    model.answer("A plan.", "A verse on tides.")
    work = node("work", "crew", {"crew": "poets", "inputs": {"topic": "{{ inputs.topic }}"}})
    run = bench.ran(definition([work, output(said="{{ nodes.work.tasks.verse.text }}")]))
    assert run.status == "completed", run.error
    assert run.outputs == {"said": "A verse on tides."}
    assert run.model_calls == 2


def test_data_by_schema_is_there_for_conditions(bench: Bench, model: ModelServer) -> None:
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
    model.answer(Json({"score": 7}), Text("fine"))
    nodes = [
        llm("rate", output_schema=schema),
        text("say", "{{ nodes.rate.data.score }}"),
        output(s="{{ nodes.say.text }}"),
    ]
    assert bench.ran(definition(nodes)).outputs == {"s": "7"}


def _cancel_when_asked(bench: Bench, model: ModelServer, run: UUID) -> None:
    from workflows.actions.runs import cancel_run

    while not model.requests:
        time.sleep(0.02)
    time.sleep(0.3)
    with bench.inside():
        cancel_run(actor=bench.user("owner"), run=bench.run(run))
