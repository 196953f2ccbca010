"""Runs at an endpoint that answers what cannot be: they end with a reason or go on, and what is added up stays sound."""

from __future__ import annotations

import pytest

from tests.contract.test_model_gateway_hostile import DEEP, streamed
from tests.model_server import Garbage, ModelServer, Status
from tests.spending import budget, calls, connect, llm
from tests.workbench import Bench, definition, output


@pytest.fixture
def model(bench: Bench, model_server: ModelServer) -> ModelServer:
    connect(bench, model_server.base_url)
    return model_server


def test_counts_below_nothing_pay_nothing_back(bench: Bench, model: ModelServer) -> None:
    budget(bench, scope="tenant", limit=100_000, period="day")
    model.always(streamed('{"prompt_tokens": -5000000, "completion_tokens": -5000000, "total_tokens": -10000000}'))
    run = bench.ran(definition([llm(), output()]))
    assert run.status == "completed", run.error
    [call] = calls(bench)
    assert call.estimated
    assert min(call.tokens_in, call.tokens_out, call.cost_usd) > 0
    assert (run.tokens_in, run.tokens_out, run.cost_usd) == (call.tokens_in, call.tokens_out, call.cost_usd)
    assert bench.usage()["tokens_in"] == call.tokens_in
    assert bench.usage("globex") == {}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Status(429, retry_after="inf"), "model_rate_limited"),
        (Garbage(f"data: {DEEP}\n\n", "text/event-stream"), "model_answered_garbage"),
    ],
    ids=["a wait without end", "nesting without end"],
)
def test_the_run_says_what_was_wrong(bench: Bench, model: ModelServer, answer: Status | Garbage, code: str) -> None:
    model.always(answer)
    run = bench.ran(definition([llm(), output()]))
    assert (run.status, run.error["code"]) == ("failed", code)
    told = [event.data["reason"]["code"] for event in bench.events(run.id) if event.type == "model.failed"]
    assert set(told) == {code}
    assert {call.error for call in calls(bench)} == {code}
    assert calls(bench, "globex") == []
