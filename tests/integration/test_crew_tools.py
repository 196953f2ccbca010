"""Agents of a crew use their tools: offered as they are, told, and nothing that goes wrong in one leads the crew astray."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.crew import CrewAgent, CrewFailed, CrewSpec, CrewTask, crew_of_one, run_crew
from agents.llm.endpoint import Endpoint
from nexod.kernel.run_port import RunWasCancelled
from tests.model_server import ModelServer, ToolCall, ToolCalls, says_system
from tests.model_server.port import Run
from tests.toolbox import WORD, Echo, bound


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "key", "scripted", timeout_s=20, label="Test model")


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def solo(endpoint: Endpoint, echo: Echo) -> CrewSpec:
    return crew_of_one(CrewAgent("solo", "Soloist", "play", endpoint, tools=(bound(echo),)), "Play")


def uses(*words: str, name: str = "echo") -> ToolCalls:
    return ToolCalls(tuple(ToolCall(name, {"word": word}) for word in words))


def test_a_tool_is_offered_as_it_is_and_its_result_goes_back(model_server: ModelServer, solo: CrewSpec) -> None:
    model_server.answer(uses("hello"), "It said hello.")
    assert run_crew(solo, {}).text == "It said hello."
    first, second = model_server.requests
    [offered] = first.body["tools"]
    assert offered["function"] == {"name": "echo", "description": "Says a word again.", "parameters": WORD}
    assert "heard hello" in second.text


def test_every_step_of_it_is_told(model_server: ModelServer, solo: CrewSpec, run: Run) -> None:
    model_server.answer(uses("hello"), "Done.")
    run_crew(solo, {})
    assert run.types() == [
        "agent.started",
        "model.called",
        "tool.called",
        "tool.returned",
        "model.called",
        "agent.finished",
    ]
    called = run.events[2].data()
    assert (called["agent"], called["task"], called["tool"]) == ("Soloist", "solo", "echo")


def test_what_is_said_before_a_tool_is_a_thought(model_server: ModelServer, solo: CrewSpec, run: Run) -> None:
    model_server.answer(replace(uses("hello"), text="I had better ask."), "Done.")
    run_crew(solo, {})
    [thought] = [event.data() for event in run.events if event.type == "agent.thought"]
    assert (thought["agent"], thought["task"], thought["text"]) == ("Soloist", "solo", "I had better ask.")


def test_several_uses_in_one_answer_keep_their_order(model_server: ModelServer, solo: CrewSpec, echo: Echo) -> None:
    words = [f"w{number}" for number in range(6)]
    model_server.answer(uses(*words), "Done.")
    run_crew(solo, {})
    assert echo.heard == words


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (uses("boom"), "The word is not allowed."),
        (ToolCalls((ToolCall("echo", "{not json"),)), "one JSON object"),
        (ToolCalls((ToolCall("echo", "[1]"),)), "one JSON object"),
        (ToolCalls((ToolCall("echo", {"wrong": 1}),)), "do not fit"),
    ],
    ids=["refuses", "no JSON", "no object", "does not fit"],
)
def test_what_goes_wrong_in_a_tool_is_read_by_the_agent_and_told(
    model_server: ModelServer, solo: CrewSpec, run: Run, call: Any, said: str
) -> None:
    model_server.answer(call, "I see.")
    assert run_crew(solo, {}).text == "I see."
    assert said in model_server.requests[1].text
    assert run.types().count("tool.failed") == 1


def test_a_tool_that_does_not_exist_is_no_end(model_server: ModelServer, solo: CrewSpec) -> None:
    model_server.answer(uses("x", name="nothing"), "I see.")
    assert run_crew(solo, {}).text == "I see."


def test_what_nobody_foresaw_in_a_tool_ends_the_crew_and_not_with_crewais_words(
    model_server: ModelServer, solo: CrewSpec
) -> None:
    model_server.answer(uses("kaboom"))
    with pytest.raises(RuntimeError, match="a secret of the tool"):
        run_crew(solo, {})
    assert len(model_server.requests) == 1


def test_a_cancelled_run_uses_no_more_tools(model_server: ModelServer, solo: CrewSpec, echo: Echo, run: Run) -> None:
    real = echo.run

    def cancels(arguments: Any, settings: Any, key: str) -> Any:
        run.cancel_after = 0
        return real(arguments, settings, key)

    echo.run = cancels  # type: ignore[method-assign]
    model_server.always(uses("hello"))
    with pytest.raises(RunWasCancelled):
        run_crew(solo, {})
    assert echo.heard == ["hello"]


def test_a_long_result_is_cut_and_kept_in_no_file(model_server: ModelServer, solo: CrewSpec) -> None:
    model_server.answer(uses("long"), "Done.")
    run_crew(solo, {})
    assert "(cut: " in model_server.requests[1].text
    assert "artifact" not in model_server.requests[1].text


def test_an_agent_that_goes_in_circles_is_stopped(model_server: ModelServer, endpoint: Endpoint, echo: Echo) -> None:
    model_server.always(uses("again"))
    agent = CrewAgent("solo", "Soloist", "play", endpoint, tools=(bound(echo),), rounds=50)
    with pytest.raises(CrewFailed):
        run_crew(crew_of_one(agent, "Play"), {})
    assert len(model_server.requests) < 15


def test_a_result_with_a_schema_is_put_into_form_before_others_read_it(
    model_server: ModelServer, endpoint: Endpoint, echo: Echo
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    agents = (
        CrewAgent("a", "Counter", "count", endpoint, tools=(bound(echo),)),
        CrewAgent("b", "Reader", "read", endpoint),
    )
    tasks = (CrewTask("count", "a", "Count", "n", output_schema=schema), CrewTask("read", "b", "Read", "text"))
    model_server.answer(uses("x"), "There are three.", '{"n": 3}', "Read.")
    result = run_crew(CrewSpec("two", agents, tasks), {})
    assert result.tasks[0].data == {"n": 3}
    assert '{"n": 3}' in model_server.requests[-1].text
    assert len(model_server.requests) == 4


def test_a_small_model_gets_no_tools(model_server: ModelServer, endpoint: Endpoint, echo: Echo) -> None:
    agent = CrewAgent("tiny", "Reader", "read", replace(endpoint, small=True), tools=(bound(echo),))
    model_server.answer("Short.", when=says_system("You are Reader"))
    assert run_crew(crew_of_one(agent, "Read"), {}).text == "Short."
    assert "tools" not in model_server.requests[0].body
    assert "echo" not in model_server.requests[0].text


def test_nothing_is_raised_through_a_tool(echo: Echo) -> None:
    """CrewAI would give it to the model to read, or try again; the crew stops at the next call of a model."""
    from agents.crew.quiet import builder

    builder()
    from agents.crew.llm import CrewStopped
    from agents.crew.tools import STOPPED, crew_tool

    def stops(given: Any) -> str:
        raise CrewStopped("because", source="nexod")

    assert crew_tool(bound(echo).as_function(), stops).run(word="x") == STOPPED
