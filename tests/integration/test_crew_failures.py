"""A crew that cannot go on stops at once, and says why in our words: nothing is retried by CrewAI, nothing is left running."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from agents.crew import CrewAgent, CrewFailed, CrewInvalid, CrewSpec, CrewTask, crew_of_one, run_crew
from agents.crew import run as run_module
from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from nexod.kernel.errors import InvalidInput
from nexod.kernel.run_port import RunWasCancelled
from tests.model_server import Drip, Hang, Json, ModelServer, Reply, Status, ToolCall, ToolCalls, says_system
from tests.model_server.port import Run

SCORE = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}


@pytest.fixture(autouse=True)
def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.05)


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "key", "scripted", timeout_s=20, label="Test model")


@pytest.fixture
def two(endpoint: Endpoint) -> CrewSpec:
    agents = (CrewAgent("first", "First", "begin", endpoint), CrewAgent("second", "Second", "end", endpoint))
    tasks = (CrewTask("one", "first", "Begin", "A start"), CrewTask("two", "second", "End", "An end"))
    return CrewSpec("two", agents, tasks)


def crew_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "crew"]


@pytest.mark.parametrize(
    ("failure", "error", "calls"),
    [
        (Status(401), errors.ModelRefused, 1),
        (Status(429), errors.ModelRateLimited, 3),
        (Status(503), errors.ModelUnavailable, 3),
        (Status(400, "maximum context length is 10 tokens"), errors.PromptTooLong, 1),
        (Status(400, "tools are not supported"), errors.ModelRejectedRequest, 1),
    ],
    ids=repr,
)
def test_a_models_failure_ends_the_crew_with_the_gateways_error(
    model_server: ModelServer, two: CrewSpec, run: Run, failure: Reply, error: type[errors.ModelError], calls: int
) -> None:
    model_server.always(failure)
    with pytest.raises(error, match="Test model"):
        run_crew(two, {})
    assert len(model_server.requests) == calls
    assert run.types() == ["agent.started"] + ["model.failed"] * calls
    assert crew_threads() == []


def test_a_failure_in_the_second_task_ends_the_crew(model_server: ModelServer, two: CrewSpec, run: Run) -> None:
    model_server.always(Status(403), when=says_system("You are Second"))
    with pytest.raises(errors.ModelRefused):
        run_crew(two, {})
    assert run.types()[-2:] == ["agent.started", "model.failed"]


@pytest.mark.parametrize("answer", [Drip("word " * 400, every_s=0.05), Hang()], ids=["drips", "hangs"])
def test_cancel_ends_the_crew_soon(model_server: ModelServer, two: CrewSpec, run: Run, answer: Reply) -> None:
    run_crew(two, {})  # CrewAI is imported
    model_server.always(answer)
    threading.Timer(0.3, lambda: setattr(run, "cancel_after", 0)).start()
    started = time.monotonic()
    with pytest.raises(RunWasCancelled):
        run_crew(two, {})
    assert time.monotonic() - started < 10
    assert crew_threads() == []


def test_a_failure_under_a_manager_is_not_hidden_by_the_tool(
    model_server: ModelServer, endpoint: Endpoint, two: CrewSpec
) -> None:
    """A coworker works inside a tool, whose exceptions CrewAI gives to the model to read."""
    work = ToolCall("delegate_work_to_coworker", {"task": "x", "context": "y", "coworker": "First"})
    model_server.always(ToolCalls((work,)), when=says_system("You are Chief"))
    model_server.always(Status(401), when=says_system("You are First"))
    managed = CrewSpec("m", two.agents, two.tasks[:1], "hierarchical", CrewAgent("boss", "Chief", "lead", endpoint))
    with pytest.raises(errors.ModelRefused):
        run_crew(managed, {})
    assert len(model_server.requests) == 2


def test_a_manager_who_never_decides_comes_to_an_end(
    model_server: ModelServer, endpoint: Endpoint, two: CrewSpec
) -> None:
    ask = ToolCall("ask_question_to_coworker", {"question": "x", "context": "y", "coworker": "First"})
    model_server.always(ToolCalls((ask,)), when=says_system("You are Chief"))
    boss = CrewAgent("boss", "Chief", "lead", endpoint, rounds=3)
    with pytest.raises(CrewFailed):
        run_crew(CrewSpec("m", two.agents, two.tasks[:1], "hierarchical", boss), {})
    assert len(model_server.requests) < 10


def test_a_result_that_never_fits_its_schema_is_an_error(model_server: ModelServer, two: CrewSpec) -> None:
    model_server.always(Json({"wrong": 1}))
    with pytest.raises(errors.OutputInvalid):
        run_crew(two, {}, output_schemas={"one": SCORE})
    assert len(model_server.requests) == 2


def test_a_schema_that_is_none_is_refused_first(model_server: ModelServer, two: CrewSpec) -> None:
    with pytest.raises(InvalidInput):
        run_crew(two, {}, output_schemas={"one": {"type": 1}})
    assert model_server.requests == []


def test_what_breaks_inside_crewai_is_told_as_a_failed_crew(two: CrewSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("a secret prompt")

    monkeypatch.setattr(run_module, "builder", lambda: broken)
    with pytest.raises(CrewFailed, match="RuntimeError") as caught:
        run_crew(two, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": ()}, "at least one"),
        ({"agents": ()}, "at least one"),
        ({"process": "hierarchical"}, "manager"),
        ({"tasks": (CrewTask("one", "nobody", "x", "y"),)}, "nobody"),
        ({"tasks": (CrewTask("one", "first", "x", "y", context=("later",)),)}, "no earlier task"),
        ({"tasks": (CrewTask("one", "first", "x", "y"), CrewTask("one", "first", "x", "y"))}, "same name"),
        ({"tasks": (CrewTask("one", "", "x", "y"),)}, "needs an agent"),
    ],
    ids=repr,
)
def test_a_crew_that_cannot_work_is_refused(two: CrewSpec, change: dict[str, Any], message: str) -> None:
    given = {"name": "two", "agents": two.agents, "tasks": two.tasks} | change
    with pytest.raises(CrewInvalid, match=message):
        CrewSpec(**given)


def test_a_failure_of_the_run_itself_is_not_taken_for_the_crews(two: CrewSpec, run: Run) -> None:
    class LeaseLost(Exception):
        pass

    def refuse(event: Any) -> None:
        raise LeaseLost

    run.emit = refuse  # type: ignore[method-assign]
    with pytest.raises(LeaseLost):
        run_crew(two, {})


def test_two_crews_at_once_do_not_mix(model_server: ModelServer, endpoint: Endpoint) -> None:
    from nexod.kernel import run_port

    texts: dict[int, str] = {}
    runs = [Run() for _ in range(3)]

    def work(number: int) -> None:
        with run_port.use(runs[number]):
            agent = CrewAgent("a", f"Agent {number}", "work", endpoint)
            texts[number] = run_crew(crew_of_one(agent, "Do {what}"), {"what": f"thing {number}"}).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert all(f"thing {number}" in texts[number] for number in range(3))
    assert all({event.data()["agent"] for event in runs[n].events} == {f"Agent {n}"} for n in range(3))
