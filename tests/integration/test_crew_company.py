"""Agents of a crew work together: they hand out work, run beside each other, and follow a plan."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from agents.crew import CrewAgent, CrewInvalid, CrewSpec, CrewTask, run_crew
from agents.llm import errors
from agents.llm.endpoint import Endpoint
from nexod.kernel.run_port import RunWasCancelled
from tests.model_server import Hang, Json, ModelServer, Status, Text, ToolCall, ToolCalls, mentions, says_system
from tests.model_server.port import Run
from tests.toolbox import Echo, bound

DELEGATE, ASK = "delegate_work_to_coworker", "ask_question_to_coworker"


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "key", "scripted", timeout_s=20, label="Test model")


def agents(endpoint: Endpoint, *names: str, **more: Any) -> tuple[CrewAgent, ...]:
    return tuple(CrewAgent(name, name.title(), "work", endpoint, **more) for name in names)


def work(to: str, text: str = "Look at it", tool: str = DELEGATE) -> ToolCall:
    what = "task" if tool == DELEGATE else "question"
    return ToolCall(tool, {what: text, "context": "all of it", "coworker": to})


def told(run: Run, type_: str) -> list[dict[str, Any]]:
    return [event.data() for event in run.events if event.type == type_]


@pytest.mark.parametrize("tool", [DELEGATE, ASK])
def test_an_agent_that_may_hands_out_work_and_it_is_told(
    model_server: ModelServer, endpoint: Endpoint, run: Run, tool: str
) -> None:
    task = CrewTask("lead", "ann", "Lead", "All of it", allow_delegation=True)
    spec = CrewSpec("crew", agents(endpoint, "ann", "bob"), (task, CrewTask("end", "bob", "End", "The end")))
    model_server.answer(ToolCalls((work("Bob", tool=tool),)), "Bob says so.", when=says_system("You are Ann"))
    model_server.answer("So it is.", "The end.", when=says_system("You are Bob"))
    assert run_crew(spec, {}).tasks[0].text == "Bob says so."
    [handed] = told(run, "agent.delegated")
    assert (handed["agent"], handed["to"], handed["task"], handed["text"]) == ("Ann", "Bob", "lead", "Look at it")
    assert "So it is." in model_server.requests[2].text
    assert [each["agent"] for each in told(run, "agent.started")] == ["Ann", "Bob", "Bob"]


def test_who_may_not_is_offered_no_such_tool(model_server: ModelServer, endpoint: Endpoint) -> None:
    spec = CrewSpec("crew", agents(endpoint, "ann", "bob"), (CrewTask("lead", "ann", "Lead", "All"),))
    run_crew(spec, {})
    assert "tools" not in model_server.requests[0].body


def test_a_coworker_cannot_hand_the_work_on(model_server: ModelServer, endpoint: Endpoint) -> None:
    task = CrewTask("lead", "ann", "Lead", "All of it", allow_delegation=True)
    model_server.answer(ToolCalls((work("Bob"),)), "Done.", when=says_system("You are Ann"))
    run_crew(CrewSpec("crew", agents(endpoint, "ann", "bob"), (task,)), {})
    [bobs] = [request for request in model_server.requests if says_system("You are Bob")(request)]
    assert "tools" not in bobs.body


@pytest.mark.parametrize("name", ["BOB", '"bob"', "[Bob]", " bob "])
def test_a_coworker_is_found_however_the_name_is_written(
    model_server: ModelServer, endpoint: Endpoint, run: Run, name: str
) -> None:
    task = CrewTask("lead", "ann", "Lead", "All of it", allow_delegation=True)
    model_server.answer(ToolCalls((work(name),)), "Done.", when=says_system("You are Ann"))
    run_crew(CrewSpec("crew", agents(endpoint, "ann", "bob"), (task,)), {})
    assert [each["to"] for each in told(run, "agent.delegated")] == ["Bob"]


def test_a_coworker_who_does_not_exist_is_said_to_the_agent(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    task = CrewTask("lead", "ann", "Lead", "All of it", allow_delegation=True)
    model_server.answer(ToolCalls((work("Zoe"),)), "Done.")
    run_crew(CrewSpec("crew", agents(endpoint, "ann", "bob", "cat"), (task,)), {})
    assert "your coworkers are Bob, Cat" in model_server.requests[1].text
    assert told(run, "agent.delegated") == []


def test_a_coworker_works_with_tools_of_his_own(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    echo = Echo()
    [bob] = agents(endpoint, "bob", tools=(bound(echo),))
    boss = CrewAgent("boss", "Chief", "lead", endpoint)
    spec = CrewSpec("crew", (bob,), (CrewTask("do", "", "Do it", "Done"),), "hierarchical", boss)
    model_server.answer(ToolCalls((work("Bob"),)), "All done.", when=says_system("You are Chief"))
    model_server.answer(ToolCalls((ToolCall("echo", {"word": "hi"}),)), "Said.", when=says_system("You are Bob"))
    assert run_crew(spec, {}).text == "All done."
    assert echo.heard == ["hi"]
    assert [event.type for event in run.events if event.type != "model.called"] == [
        "agent.started",
        "agent.delegated",
        "agent.started",
        "tool.called",
        "tool.returned",
        "agent.finished",
        "agent.finished",
    ]


def test_a_manager_hands_a_named_task_to_that_agent_only(model_server: ModelServer, endpoint: Endpoint) -> None:
    boss = CrewAgent("boss", "Chief", "lead", endpoint)
    tasks = (CrewTask("one", "ann", "One", "1"), CrewTask("any", "", "Any", "2"))
    run_crew(CrewSpec("crew", agents(endpoint, "ann", "bob"), tasks, "hierarchical", boss), {})
    offered = [request.body["tools"][0]["function"]["parameters"]["properties"] for request in model_server.requests]
    assert [each["coworker"]["enum"] for each in offered] == [["Ann"], ["Ann", "Bob"]]


def beside(endpoint: Endpoint, **more: Any) -> CrewSpec:
    """Two tasks of the same agent beside each other, and one that joins them."""
    tasks = (
        CrewTask("one", "ann", "Do the first", "1", async_execution=True, **more),
        CrewTask("two", "ann", "Do the second", "2", async_execution=True),
        CrewTask("join", "bob", "Join", "Both", context=("one", "two")),
    )
    return CrewSpec("crew", agents(endpoint, "ann", "bob"), tasks)


def test_tasks_run_beside_each_other_and_their_results_are_joined(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    first, second = mentions("Do the first"), mentions("Do the second")
    model_server.answer(Text("First.", after=second), when=first)
    model_server.answer(Text("Second.", after=first), when=second)
    result = run_crew(beside(endpoint), {})
    assert [task.text for task in result.tasks[:2]] == ["First.", "Second."]
    assert mentions("First.", "Second.")(model_server.requests[-1])
    assert len(run.spent) == 3


def test_a_task_beside_others_reads_what_was_done_before_them(model_server: ModelServer, endpoint: Endpoint) -> None:
    tasks = (
        CrewTask("start", "ann", "Start", "0"),
        CrewTask("one", "ann", "One", "1", async_execution=True),
        CrewTask("two", "bob", "Two", "2", async_execution=True),
        CrewTask("join", "bob", "Join", "3"),
    )
    model_server.answer("Started.", when=mentions("Start"))
    model_server.answer("First.", when=mentions("Task: One"))
    model_server.answer("Second.", when=mentions("Task: Two"))
    run_crew(CrewSpec("crew", agents(endpoint, "ann", "bob"), tasks), {})
    [two] = [request for request in model_server.requests if "Current Task: Two" in request.text]
    assert "Started." in two.text
    assert "First." not in two.text
    assert mentions("Started.", "First.")(model_server.requests[-1])


@pytest.mark.parametrize("failing", ["Do the first", "Do the second"])
def test_a_failure_beside_others_ends_the_crew_with_its_own_error(
    model_server: ModelServer, endpoint: Endpoint, failing: str
) -> None:
    model_server.always(Status(401), when=mentions(failing))
    with pytest.raises(errors.ModelRefused):
        run_crew(beside(endpoint), {})
    assert not any("Join" in request.text for request in model_server.requests)


def test_what_others_were_asked_for_at_a_failure_is_paid_and_kept(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    model_server.always(Text("First.", wait_s=1.0), when=mentions("Do the first"))
    model_server.answer(Status(401, after=mentions("Do the first")), when=mentions("Do the second"))
    with pytest.raises(errors.ModelRefused):
        run_crew(beside(endpoint), {})
    assert len(run.spent) == 1
    run.again()
    run_crew(beside(endpoint), {})
    assert sum("Do the first" in request.text for request in model_server.requests if "Join" not in request.text) == 1


def test_cancel_ends_tasks_beside_each_other_soon(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    run_crew(beside(endpoint), {})
    model_server.always(Hang())
    threading.Timer(0.3, lambda: setattr(run, "cancel_after", 0)).start()
    began = time.monotonic()
    with pytest.raises(RunWasCancelled):
        run_crew(beside(endpoint), {})
    assert time.monotonic() - began < 10
    assert [thread for thread in threading.enumerate() if thread.name.startswith("crew")] == []


def test_a_manager_runs_tasks_beside_each_other_too(model_server: ModelServer, endpoint: Endpoint) -> None:
    boss = CrewAgent("boss", "Chief", "lead", endpoint)
    spec = replace(beside(endpoint), process="hierarchical", manager=boss)
    model_server.answer(ToolCalls((work("Ann"),)), "First.", when=mentions("You are Chief", "Do the first"))
    assert run_crew(spec, {}).tasks[0].text == "First."


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ((CrewTask("one", "ann", "x", "y", async_execution=True),), "'one' is the last one"),
        (
            (
                CrewTask("one", "ann", "x", "y", async_execution=True),
                CrewTask("two", "ann", "x", "y", context=("one",), async_execution=True),
                CrewTask("end", "ann", "x", "y"),
            ),
            "'two' runs beside one and cannot read",
        ),
        ((CrewTask("one", "ann", "x", "y", max_retries=9),), "between 0 and 5"),
    ],
    ids=str,
)
def test_what_cannot_run_beside_is_refused(endpoint: Endpoint, tasks: tuple[CrewTask, ...], message: str) -> None:
    with pytest.raises(CrewInvalid, match=message):
        CrewSpec("crew", agents(endpoint, "ann"), tasks)


def test_a_plan_is_made_in_one_call_and_each_task_reads_its_part(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    echo = bound(Echo())
    tasks = (CrewTask("find", "ann", "Find {what}", "Facts"), CrewTask("write", "bob", "Write", "Text"))
    spec = CrewSpec("crew", agents(endpoint, "ann", "bob", tools=(echo,)), tasks, planning=True)
    model_server.answer(Json({"find": "Ask the echo.", "write": "Be brief."}), when=says_system("You plan the work"))
    run_crew(spec, {"what": "tides"})
    planned, find, write = model_server.requests
    assert mentions("find: Find tides", "Done by: Ann", "echo (Says a word again.)", "write: Write")(planned)
    assert "Ask the echo." in find.text
    assert "Be brief." not in find.text
    assert "Be brief." in write.text
    [event] = told(run, "crew.planned")
    assert event["text"] == "find: Ask the echo.\n\nwrite: Be brief."
    assert run.types()[:2] == ["model.called", "crew.planned"]


def test_a_manager_plans_with_his_own_model(model_server: ModelServer, endpoint: Endpoint) -> None:
    boss = CrewAgent("boss", "Chief", "lead", replace(endpoint, model="bosses"))
    spec = CrewSpec(
        "crew", agents(endpoint, "ann"), (CrewTask("do", "", "Do", "It"),), "hierarchical", boss, planning=True
    )
    run_crew(spec, {})
    assert model_server.requests[0].body["model"] == "bosses"
