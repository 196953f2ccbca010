"""A model endpoint that goes wrong, under a node that asks it once and under a crew: the run says so, or gets over it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agents.llm import tries
from tests.front_door import Door
from tests.model_server import Cut, Garbage, Hang, ModelServer, Reply, Status
from tests.workbench import definition, node, output, text

Json = dict[str, Any]
Work = Callable[..., Json]
AGENT = {"name": "Analyst", "role": "Research analyst", "goal": "Find what is true"}
TASK = {"description": "Find out about {topic}", "expected_output": "Facts", "agent": "analyst"}
CREW = {"name": "Team", "tasks": [{**TASK, "slug": "find"}, {**TASK, "slug": "write"}]}


@pytest.fixture(autouse=True)
def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)


@pytest.fixture(params=["llm", "crew"])
def work(request: pytest.FixtureRequest, door: Door) -> Work:
    """Return ``work(**more)``: a chain in whose middle a model is asked, or a crew works."""
    config: Json = {"prompt": "What about {{ inputs.topic }}?"}
    if request.param == "crew":
        config = {"crew": "team", "inputs": {"topic": "{{ inputs.topic }}"}}

    def make(**more: Any) -> Json:
        if request.param == "crew":
            door.make("agents", AGENT)
            door.make("crews", CREW)
        return definition(
            [text("before"), node("ask", request.param, config, **more), output(said="{{ nodes.ask.text }}")]
        )

    return make


@pytest.mark.parametrize(
    ("failure", "code", "says", "asked"),
    [
        (Status(429), "model_rate_limited", "takes no more requests", 3),
        (Status(429, retry_after=3600), "model_rate_limited", "takes no more requests", 1),
        (Status(500), "model_unavailable", "out of order", 3),
        (Garbage(), "model_answered_garbage", "does not speak the provider's protocol", 1),
        (Cut(), "model_stream_cut", "stopped in the middle", 3),
        (Cut(politely=True), "model_stream_cut", "stopped in the middle", 3),
        (Hang(), "model_timeout", "did not answer in time", 1),
    ],
    ids=["429", "429 for long", "500", "garbage", "cut", "cut politely", "silent"],
)
def test_the_run_fails_with_the_step_and_the_models_reason(
    door: Door, work: Work, model_server: ModelServer, failure: Reply, code: str, says: str, asked: int
) -> None:
    model_server.always(failure)
    door.connect(model_server.base_url, timeout_s=1 if isinstance(failure, Hang) else 60)
    run = door.ran(work())
    reason = door.shows_failure(run, node="ask", code=code)
    assert reason["message"].startswith("Our model (scripted): ")
    assert says in reason["message"]
    assert reason["details"]["connection"] == "Our model"
    assert len(model_server.requests) == asked
    assert door.bench.types(run).count("model.failed") == asked
    assert not any(secret in door.page(run) for secret in ("sk-front-door", model_server.address))


def test_a_step_that_may_not_take_so_long_ends_with_its_model(
    door: Door, work: Work, model_server: ModelServer
) -> None:
    model_server.always(Hang())
    door.connect(model_server.base_url)
    run = door.ran(work(timeout_s=2))
    reason = door.shows_failure(run, node="ask", code="step_timed_out")
    assert "2" in reason["message"]
    until = time.monotonic() + 5
    while (left := _at_work()) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def _at_work() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in ("step ask", "crew")]


@pytest.fixture
def nobody(settings: Any) -> Iterator[str]:
    """Give an address where nobody listens, and nobody else begins to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, address]
        yield f"http://{address}/v1"


def test_a_model_that_is_down_fails_the_run_which_goes_on_when_it_is_up(
    door: Door, work: Work, nobody: str, model_server: ModelServer
) -> None:
    connection = door.connect(nobody)
    run = door.ran(work())
    reason = door.shows_failure(run, node="ask", code="model_unavailable")
    assert "Check that it is running" in reason["message"]

    key = {"base_url": model_server.base_url, "api_key": "sk-front-door"}
    assert door.program()("patch", f"model-connections/{connection['id']}", key).status_code == 200
    assert door.program()("post", f"runs/{run}/resume").json()["status"] == "pending"
    door.bench.advance(run)
    assert door.run(run)["status"] == "completed"
    assert [(step["node"], step["attempt"]) for step in door.steps(run)] == [("before", 1), ("ask", 2), ("end", 1)]
    door.left_nothing(run)


@pytest.mark.parametrize(
    "failure", [Status(429, retry_after=0.1), Status(500), Cut()], ids=["429 with a wait", "500", "cut"]
)
def test_what_passes_is_tried_again_and_the_run_completes(
    door: Door, work: Work, model_server: ModelServer, failure: Reply
) -> None:
    model_server.answer(failure, failure)
    model_server.always("The moon pulls.")
    door.connect(model_server.base_url)
    run = door.ran(work())
    assert door.run(run)["outputs"] == {"said": "The moon pulls."}
    assert door.bench.types(run).count("model.failed") == 2
    page = door.page(run)
    assert "takes no more requests" in page or "out of order" in page or "stopped in the middle" in page
    door.left_nothing(run)


def test_a_step_that_may_try_again_outlasts_a_longer_failure(door: Door, work: Work, model_server: ModelServer) -> None:
    model_server.answer(*[Status(503)] * 4)
    model_server.always("The moon pulls.")
    door.connect(model_server.base_url)
    run = door.ran(work(retry={"attempts": 2, "backoff_s": 0.1}))
    assert door.run(run)["status"] == "completed"
    [step] = [step for step in door.steps(run) if step["node"] == "ask"]
    assert (step["status"], step["attempt"], step["error"]) == ("completed", 2, None)
    assert "attempt 2" in door.page(run)
    door.left_nothing(run)


def test_a_failure_in_the_second_task_of_a_crew_keeps_what_the_first_cost(
    door: Door, model_server: ModelServer
) -> None:
    model_server.answer("Facts.")
    model_server.always(Status(500))
    door.connect(model_server.base_url)
    door.make("agents", AGENT)
    run = door.start("crews", door.make("crews", CREW), {"topic": "tides"})
    door.bench.advance(run)
    door.shows_failure(run, node="work", code="model_unavailable")
    totals = door.run(run)["totals"]
    assert totals["tokens_out"] > 0
    assert door.bench.usage()["runs"] == 1
