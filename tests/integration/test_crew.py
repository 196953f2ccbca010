"""Crews on a real CrewAI and a scripted model: order, context, inputs, structured results, managers, events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.crew import CrewAgent, CrewInvalid, CrewSpec, CrewTask, crew_of_one, run_crew
from agents.llm.endpoint import Endpoint
from nexod.kernel.events import AgentFinished, AgentStarted, ModelCalled
from tests.model_server import Json, ModelServer, Text, ToolCall, ToolCalls, mentions, says_system
from tests.model_server.port import Run

SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "key", "scripted", timeout_s=20, label="Test model")


@pytest.fixture
def briefing(endpoint: Endpoint) -> CrewSpec:
    return CrewSpec(
        "briefing",
        agents=(
            CrewAgent("analyst", "Research Analyst", "find facts about {topic}", endpoint, "You read closely."),
            CrewAgent("writer", "Writer", "write clearly", endpoint, temperature=0.7, max_tokens=500),
            CrewAgent("reviewer", "Reviewer", "judge fairly", endpoint),
        ),
        tasks=(
            CrewTask("research", "analyst", "Collect facts about {topic} from {passages}", "A list of facts"),
            CrewTask("draft", "writer", "Write a briefing", "A page", context=("research",)),
            CrewTask("review", "reviewer", "Judge the briefing", "A score", context=("draft",), output_schema=SCORE),
        ),
    )


INPUTS = {"topic": "tides", "passages": "[D1] The moon pulls {topic}. [D2] {tools} {input}"}


@pytest.fixture
def script(model_server: ModelServer) -> ModelServer:
    model_server.answer("Fact: the moon.", when=says_system("You are Research Analyst"))
    model_server.answer("# Tides\nThe moon.", when=says_system("You are Writer"))
    model_server.answer(Json({"score": 8}), when=says_system("You are Reviewer"))
    return model_server


def test_each_task_is_done_by_its_agent_with_one_call(script: ModelServer, briefing: CrewSpec) -> None:
    result = run_crew(briefing, INPUTS)
    assert [(task.name, task.agent, task.text) for task in result.tasks] == [
        ("research", "analyst", "Fact: the moon."),
        ("draft", "writer", "# Tides\nThe moon."),
        ("review", "reviewer", '{"score": 8}'),
    ]
    assert (result.text, result.data) == ('{"score": 8}', {"score": 8})
    assert len(script.requests) == 3


def test_a_task_reads_the_results_of_its_context_and_no_others(script: ModelServer, briefing: CrewSpec) -> None:
    run_crew(briefing, INPUTS)
    _, draft, review = script.requests
    assert "Fact: the moon." in draft.text
    assert "# Tides" in review.text
    assert "Fact: the moon." not in review.text


def test_without_a_context_a_task_reads_all_earlier_results(script: ModelServer, briefing: CrewSpec) -> None:
    *first, last = briefing.tasks
    run_crew(replace(briefing, tasks=(*first, replace(last, context=None))), INPUTS)
    assert mentions("Fact: the moon.", "# Tides")(script.requests[2])


def test_inputs_fill_the_placeholders_and_are_not_read_for_more(script: ModelServer, briefing: CrewSpec) -> None:
    run_crew(briefing, INPUTS)
    research = script.requests[0]
    assert "find facts about tides" in research.text
    assert "Collect facts about tides from [D1] The moon pulls {topic}." in research.text


def test_a_missing_input_is_named_and_nothing_is_asked(model_server: ModelServer, briefing: CrewSpec) -> None:
    with pytest.raises(CrewInvalid, match="'research' needs the input 'passages'"):
        run_crew(briefing, {"topic": "tides"})
    assert model_server.requests == []


def test_agents_have_their_own_settings(script: ModelServer, briefing: CrewSpec) -> None:
    run_crew(briefing, INPUTS)
    assert [request.body.get("temperature") for request in script.requests] == [None, 0.7, None]
    assert [request.body.get("max_tokens") for request in script.requests] == [None, 500, None]


def test_agents_may_have_their_own_models(script: ModelServer, briefing: CrewSpec, settings: Any) -> None:
    with ModelServer() as other:
        settings.NEXOD_EGRESS_ALLOW = [script.address, other.address]
        analyst, *rest = briefing.agents
        elsewhere = replace(analyst, endpoint=Endpoint(other.base_url, "other-key", "other"))
        run_crew(replace(briefing, agents=(elsewhere, *rest)), INPUTS)
        assert [request.headers["authorization"] for request in other.requests] == ["Bearer other-key"]
        assert len(script.requests) == 2


def test_the_schema_of_a_task_goes_to_its_model_only(script: ModelServer, briefing: CrewSpec) -> None:
    run_crew(briefing, INPUTS)
    assert [request.schema for request in script.requests] == [None, None, SCORE]


def test_a_schema_of_the_call_replaces_the_tasks_own(model_server: ModelServer, briefing: CrewSpec) -> None:
    verdict = {"type": "object", "properties": {"verdict": {"enum": ["good", "bad"]}}, "required": ["verdict"]}
    assert run_crew(briefing, INPUTS, output_schemas={"review": verdict}).data == {"verdict": "good"}


def test_the_run_hears_of_every_agent_and_every_call(script: ModelServer, briefing: CrewSpec, run: Run) -> None:
    run_crew(briefing, INPUTS)
    assert run.types() == ["agent.started", "model.called", "agent.finished"] * 3
    started, called, finished = run.events[:3]
    assert isinstance(started, AgentStarted)
    assert isinstance(called, ModelCalled)
    assert isinstance(finished, AgentFinished)
    assert (started.agent, started.task, called.agent) == ("Research Analyst", "research", "Research Analyst")
    assert (finished.node, finished.step, finished.text) == ("crew", "step-1", "Fact: the moon.")
    assert len(run.spent) == 3


@pytest.mark.parametrize(
    "odd",
    [
        "Thought: I should search\nAction: search\nAction Input: {}",
        "Action: nothing",
        "```\ncode\n```",
        "{'not': json}",
        "Observation: it rains",
    ],
)
def test_an_answer_that_looks_like_a_tool_call_is_still_an_answer(
    model_server: ModelServer, endpoint: Endpoint, odd: str
) -> None:
    model_server.answer(odd)
    result = run_crew(crew_of_one(CrewAgent("solo", "Soloist", "play", endpoint), "Play {tune}"), {"tune": "it"})
    assert result.text == odd
    assert len(model_server.requests) == 1


def test_a_manager_hands_out_the_work(model_server: ModelServer, briefing: CrewSpec, run: Run) -> None:
    manager = CrewAgent("boss", "Chief", "deliver", briefing.agents[0].endpoint)
    delegate = {"task": "Look at the moon", "context": "all of it", "coworker": "Research Analyst"}
    model_server.answer(
        ToolCalls((ToolCall("delegate_work_to_coworker", delegate),)),
        "The final word",
        when=says_system("You are Chief"),
    )
    model_server.answer("The moon it is", when=says_system("You are Research Analyst"))
    spec = replace(briefing, tasks=briefing.tasks[:1], process="hierarchical", manager=manager)
    assert run_crew(spec, INPUTS).text == "The final word"
    assert [e.data()["agent"] for e in run.events if e.type == "agent.started"] == ["Chief", "Research Analyst"]
    assert "The moon it is" in model_server.requests[-1].text


def test_a_managers_result_is_put_into_form_afterwards(model_server: ModelServer, briefing: CrewSpec) -> None:
    manager = CrewAgent("boss", "Chief", "deliver", briefing.agents[0].endpoint)
    model_server.answer("I would say nine", when=says_system("You are Chief"))
    model_server.answer(Json({"score": 9}), when=mentions("Put this into the form", "I would say nine"))
    spec = replace(briefing, tasks=(replace(briefing.tasks[2], context=None),), process="hierarchical", manager=manager)
    assert run_crew(spec, INPUTS).data == {"score": 9}


def test_a_small_model_gets_a_short_prompt_and_gives_a_short_answer(
    model_server: ModelServer, endpoint: Endpoint
) -> None:
    agent = CrewAgent("tiny", "Reader", "read", replace(endpoint, small=True), max_tokens=4000)
    spec = crew_of_one(agent, "Read this. {passages} THE END", "A summary")
    model_server.answer(Text("Short."))
    run_crew(spec, {"passages": "word " * 20_000})
    [request] = model_server.requests
    assert request.body["max_tokens"] == 220
    assert len(request.text) / 3 + 220 < 2048
    assert mentions("Read this.", "[...]", "THE END", "A summary")(request)


def test_the_prompt_adds_little_to_what_was_written(script: ModelServer, briefing: CrewSpec) -> None:
    run_crew(briefing, INPUTS)
    assert len(script.requests[0].text) < 500
