"""One agent at work: it thinks, uses tools side by side, reads what they gave, and answers; bounded in every way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.models import KnowledgeBase, ModelConnection
from tests.agents import CALCULATOR, CLOCK, make_agent, ran_agent, remember, told
from tests.integration.test_runs_models import model
from tests.model_server import ModelServer, Status, Text, ToolCall, ToolCalls
from tests.workbench import Bench

__all__ = ["model"]


def asks(name: str, **arguments: Any) -> ToolCalls:
    return ToolCalls((ToolCall(name, arguments),))


def calculates(expression: str) -> ToolCalls:
    return asks("calculator", expression=expression)


def test_an_agent_without_tools_answers(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, goal="play {tune} well")
    model.answer("La la.")
    run = ran_agent(bench, agent, "Play it", tune="the blues")
    assert run.status == "completed", run.error
    assert run.outputs["text"] == "La la."
    [request] = model.requests
    assert "play the blues well" in request.text
    assert request.tools == ()
    assert [event["agent"] for event in told(bench, run, "agent.started")] == ["Soloist"]


def test_a_tool_is_used_and_its_result_read(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR])
    model.answer(calculates("6 * 7"), "It is 42.")
    run = ran_agent(bench, agent, "What is six times seven?")
    assert run.outputs["text"] == "It is 42."
    first, second = model.requests
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["calculator"]
    *_, said, result = second.body["messages"]
    assert said["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["content"] == '<tool_result tool="calculator">\n42\n</tool_result>'
    assert bench.types(run.id).count("tool.called") == 1
    assert [event["excerpt"] for event in told(bench, run, "tool.returned")] == ["42"]
    assert (run.model_calls, bench.usage()["model_calls"]) == (2, 2)


def test_tools_of_one_answer_are_all_used_and_each_result_goes_to_its_call(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR, CLOCK])
    calls = [ToolCall("calculator", {"expression": f"{number} + 0"}) for number in range(5)]
    model.answer(ToolCalls((*calls, ToolCall("current_time", {}), calls[0])), "Done.")
    run = ran_agent(bench, agent)
    assert run.status == "completed", run.error
    results = [message for message in model.requests[1].body["messages"] if message["role"] == "tool"]
    asked = model.requests[1].body["messages"][-8]["tool_calls"]
    assert [result["tool_call_id"] for result in results] == [call["id"] for call in asked]
    assert [result["content"].splitlines()[1] for result in results[:5]] == ["0", "1", "2", "3", "4"]
    assert results[6]["content"] == results[0]["content"], "what is asked for twice at once is done once"
    assert bench.types(run.id).count("tool.returned") == 6


def test_what_is_wrong_with_a_call_is_told_to_the_model(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR])
    model.answer(
        ToolCalls((ToolCall("calculator", "{broken"), ToolCall("calculator", {"sum": "1"}), ToolCall("made_up", {}))),
        calculates("1 / 0"),
        "I give up.",
    )
    run = ran_agent(bench, agent)
    assert run.outputs["text"] == "I give up."
    said = [message["content"] for message in model.requests[2].body["messages"] if message["role"] == "tool"]
    assert "one JSON object" in said[0]
    assert "'expression' is a required property" in said[1]
    assert "no tool 'made_up'" in said[2]
    assert "divides by zero" in said[3]
    assert len(told(bench, run, "tool.failed")) == 4


def test_a_thought_before_a_call_is_an_event(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR])
    model.answer(calculates("1 + 1"), "Two.")
    run = ran_agent(bench, agent)
    types = bench.types(run.id)
    order = ["agent.started", "model.called", "tool.called", "tool.returned", "model.called", "agent.finished"]
    assert [type_ for type_ in types if type_ in order] == order


def test_who_asks_for_the_same_again_is_told_once_and_stopped(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR], rounds=20)
    model.always(calculates("1 + 1"))
    run = ran_agent(bench, agent)
    assert (run.status, run.error["code"]) == ("failed", "agent_loops")
    assert len(model.requests) == 3
    assert "asked for exactly this before" in model.requests[2].body["messages"][-1]["content"]
    assert bench.types(run.id).count("tool.called") == 1, "it is not done again"


def test_who_goes_round_in_circles_is_stopped_too(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR], rounds=20)
    model.answer(*[calculates(f"{number % 2} + 1") for number in range(6)])
    run = ran_agent(bench, agent)
    assert run.error["code"] == "agent_loops"
    assert len(model.requests) == 4


def test_in_the_last_round_it_has_to_answer(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR], rounds=3)
    model.answer(calculates("1 + 1"), calculates("2 + 2"), "That is what I know.")
    run = ran_agent(bench, agent)
    assert run.outputs["text"] == "That is what I know."
    last = model.requests[2]
    assert last.tools == ()
    assert "Answer now" in last.body["messages"][-1]["content"]
    assert "4" in last.text, "it still knows what its tools gave"


def test_who_does_not_answer_in_the_last_round_fails(bench: Bench, model: ModelServer) -> None:
    agent = make_agent(bench, tools=[CALCULATOR], rounds=2)
    model.answer(calculates("1 + 1"), calculates("2 + 2"))
    run = ran_agent(bench, agent)
    assert (run.status, run.error["code"]) == ("failed", "agent_rounds_exceeded")
    assert len(model.requests) == 2


SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}


@pytest.mark.parametrize("final", ['{"sum": 42}', "The sum is forty-two."])
def test_the_answer_of_who_has_tools_is_put_into_form(bench: Bench, model: ModelServer, final: str) -> None:
    from tests.workbench import definition, node, output

    make_agent(bench, tools=[CALCULATOR])
    model.answer(calculates("6 * 7"), final)
    model.always(Text('{"sum": 42}'))
    config = {"agent": "solo", "prompt": "Add", "output_schema": SCHEMA}
    run = bench.ran(definition([node("work", "agent", config), output(sum="{{ nodes.work.data.sum }}")]))
    assert run.outputs == {"sum": "42"}
    assert len(model.requests) == (2 if final.startswith("{") else 3)
    assert [request.schema is not None for request in model.requests][:2] == [False, False]


def test_the_next_model_of_the_chain_goes_on_with_the_work(bench: Bench, model: ModelServer) -> None:
    with bench.inside():
        ModelConnection.objects.update(model_names=["scripted", "other"])
    agent = make_agent(bench, tools=[CALCULATOR], fallbacks=[{"connection": "test", "model": "other"}])
    model.answer(calculates("6 * 7"), "From the other one.", when=lambda request: request.body["model"] == "other")
    model.always(Status(500), when=lambda request: request.body["model"] == "scripted")
    run = ran_agent(bench, agent)
    assert run.status == "completed", run.error
    assert run.outputs["text"] == "From the other one."
    assert {(event["model"], event["to"]) for event in told(bench, run, "model.fell_back")} == {("scripted", "other")}


def test_a_small_model_is_offered_no_tools_and_reads_its_documents_at_once(bench: Bench, model: ModelServer) -> None:
    with bench.inside():
        ModelConnection.objects.update(provider="embedded", model_names=["tiny-135m-instruct"])
        base = KnowledgeBase.objects.create(slug="tea", name="Tea")
        remember(base, "Tea is made of leaves, in hot water.")
    agent = make_agent(bench, tools=[CALCULATOR], knowledge_bases=[base])
    model.answer("Small talk.")
    run = ran_agent(bench, agent, f"What is tea made of? {'word ' * 3_000}")
    assert run.outputs["text"] == "Small talk."
    [request] = model.requests
    assert request.tools == ()
    assert "[D1] Tea" in request.text
    assert len(json.dumps(request.body)) < 8_000, "what does not fit is cut"
    assert bench.types(run.id).count("knowledge.retrieved") == 1


def said(messages: list[Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"] or "") for message in messages]


def test_the_trace_of_a_try_shows_prompt_tools_and_answer(bench: Bench, model: ModelServer) -> None:
    from django.template.loader import render_to_string

    from workflows.admin.trace import trace_context

    agent = make_agent(bench, tools=[CALCULATOR])
    model.answer(ToolCalls((ToolCall("calculator", {"expression": "6 * 7"}), ToolCall("made_up", {}))), "It is 42.")
    run = ran_agent(bench, agent, "What is six times seven?")
    with bench.inside():
        context = trace_context(run)
        html = render_to_string("nexod/agents/trace.html", context)
    kinds = [line["kind"] for line in context["lines"]]
    assert kinds == ["model", "tool", "tool", "model"]
    first, *_, last = context["lines"]
    assert said(first["prompt"]) == said(model.requests[0].body["messages"])
    assert said(last["prompt"]) == said(model.requests[1].body["messages"])
    assert (first["offered"], last["answer"]) == (["calculator"], "It is 42.")
    assert "What is six times seven?" in html
    assert '<pre class="nx-scroll">42</pre>' in html
    assert "There is no tool &#x27;made_up&#x27;" in html
