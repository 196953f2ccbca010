"""What a broken or hostile endpoint makes up: counts below nothing, waits and nesting without end, numbers that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from agents.llm.structured import DoesNotFit, parsed
from tests.contract.providers import CASES, Case
from tests.model_server import Garbage, ModelServer, Reply, Status, ToolCall, ToolCalls
from tests.model_server.port import Run

HELLO = [{"role": "user", "content": "Say hello"}]
DEEP = "[" * 100_000
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(
        model_server.base_url, "sk-key", "scripted", timeout_s=60, label="Test", price_in=1.0, price_out=2.0
    )


def streamed(usage: str) -> Garbage:
    """Return a whole answer of the protocol whose usage is the JSON text ``usage``."""
    said = {"index": 0, "delta": {"role": "assistant", "content": "Hello you"}, "finish_reason": "stop"}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [said]}
    last = json.dumps({**chunk, "choices": []})[:-1] + f', "usage": {usage}}}'
    return Garbage(f"data: {json.dumps(chunk)}\n\ndata: {last}\n\ndata: [DONE]\n\n", "text/event-stream")


def body(text: str) -> Garbage:
    """Return an answer that is ``text``, said to be JSON."""
    return Garbage(text, "application/json")


@pytest.mark.parametrize(
    "usage",
    [
        '{"prompt_tokens": -5000000, "completion_tokens": -5000000, "total_tokens": -10000000}',
        '{"prompt_tokens": 99999999999999999999999, "completion_tokens": 1, "total_tokens": 1}',
        '{"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": -9}}',
        "[]",
        '{"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}',
        '{"prompt_tokens": 0, "completion_tokens": 3, "total_tokens": 3}',
    ],
)
def test_counts_that_cannot_be_are_estimated(
    model_server: ModelServer, endpoint: Endpoint, run: Run, usage: str
) -> None:
    model_server.answer(streamed(usage))
    reply = Gateway(endpoint).chat(HELLO)
    [paid] = run.spent
    assert (reply.text, reply.estimated, paid.estimated) == ("Hello you", True, True)
    assert 0 < paid.tokens_in < 100
    assert 0 < paid.tokens_out < 100
    assert paid.tokens_cached == 0
    assert paid.cost_usd == pytest.approx((paid.tokens_in + 2 * paid.tokens_out) / 1e6)


@pytest.mark.parametrize("used", ["-7", "99999999999999999999", "null", "1e400", '"many"'])
def test_counts_of_vectors_that_cannot_be_are_estimated(
    model_server: ModelServer, endpoint: Endpoint, run: Run, used: str
) -> None:
    model_server.answer(body(f'{{"data": [{{"index": 0, "embedding": [1, 2]}}], "usage": {{"total_tokens": {used}}}}}'))
    assert Gateway(endpoint).embed(["a text"]) == [[1.0, 2.0]]
    [paid] = run.spent
    assert paid.estimated
    assert 0 < paid.tokens_in < 100
    assert paid.cost_usd > 0


@pytest.mark.parametrize("asked", ["inf", "-inf", "nan", "1e999", "Wed, 21 Oct 99999 07:28:00 GMT", "soon"])
def test_a_wait_that_is_none_is_not_told(
    model_server: ModelServer, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)
    model_server.always(Status(429, retry_after=asked))
    with pytest.raises(errors.ModelRateLimited) as caught:
        Gateway(endpoint).chat(HELLO)
    assert "retry_after_s" not in caught.value.details
    assert len(model_server.requests) == 3


@pytest.mark.parametrize(
    "nested",
    [
        Garbage(f"data: {DEEP}\n\n", "text/event-stream"),
        streamed(DEEP + "]" * len(DEEP)),
        body(DEEP),
    ],
    ids=["an event", "the usage", "a body"],
)
def test_nesting_without_end_is_garbage(model_server: ModelServer, endpoint: Endpoint, run: Run, nested: Reply) -> None:
    model_server.always(nested)
    with pytest.raises(errors.ModelAnsweredGarbage):
        Gateway(endpoint).chat(HELLO)
    assert run.types() == ["model.failed"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nesting_without_end_is_garbage_to_every_provider(model_server: ModelServer, case: Case, run: Run) -> None:
    model_server.always(Garbage(f"data: {DEEP}\n\n", "text/event-stream"))
    with pytest.raises(errors.ModelError):
        Gateway(case.endpoint(model_server, timeout_s=60)).chat(HELLO)
    assert set(run.types()) == {"model.failed"}


@pytest.mark.parametrize(
    "found",
    [
        DEEP,
        f'{{"data": [{{"index": 0, "embedding": [1{"0" * 400}]}}]}}',
        '{"data": [{"index": 0, "embedding": []}]}',
    ],
    ids=["deep", "a number too large", "empty"],
)
def test_vectors_that_are_none_are_garbage(model_server: ModelServer, endpoint: Endpoint, found: str) -> None:
    model_server.always(body(found))
    with pytest.raises(errors.ModelAnsweredGarbage):
        Gateway(endpoint).embed(["a"])


@pytest.mark.parametrize(
    "rows",
    [
        '{"index": 0, "relevance_score": NaN}',
        '{"index": 0, "relevance_score": 1e400}',
        '{"index": 1e400, "relevance_score": 1}',
        '{"index": -1, "relevance_score": 1}',
        '{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 2}',
    ],
)
def test_an_order_that_is_none_is_garbage(model_server: ModelServer, endpoint: Endpoint, rows: str) -> None:
    model_server.always(body(f'{{"results": [{rows}]}}'))
    with pytest.raises(errors.ModelAnsweredGarbage):
        Gateway(endpoint).rerank("q", ["a", "b"])


@pytest.mark.parametrize("text", [DEEP, '{"a":' * 50_000], ids=["lists", "objects"])
def test_a_structured_answer_nested_without_end_does_not_fit(
    model_server: ModelServer, endpoint: Endpoint, text: str
) -> None:
    model_server.always(text)
    with pytest.raises(errors.OutputInvalid):
        Gateway(endpoint).chat(HELLO, schema=SCHEMA)
    assert len(model_server.requests) == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text", ["```" + " " * 1_000_000, "```json" + "\n" * 1_000_000, "``" * 500_000], ids=["spaces", "lines", "fences"]
)
def test_a_fence_that_never_ends_is_read_at_once(text: str) -> None:
    with pytest.raises(DoesNotFit):
        parsed(text, SCHEMA)


def test_arguments_nested_without_end_are_the_tools_to_refuse_and_can_be_shown_again(
    model_server: ModelServer, endpoint: Endpoint
) -> None:
    model_server.answer(ToolCalls((ToolCall("look", DEEP),)), "I see")
    [call] = Gateway(endpoint).chat(HELLO, tools=[TOOL]).tool_calls
    said: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
    asked = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": said}]}
    told = {"role": "tool", "tool_call_id": "1", "content": "The arguments do not fit"}
    assert Gateway(endpoint).chat([*HELLO, asked, told], tools=[TOOL]).text == "I see"


def test_arguments_count_as_the_answer_does(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(ToolCalls((ToolCall("look", {"at": "x" * 2_100_000}),)))
    with pytest.raises(errors.ModelAnswerTooLarge):
        Gateway(endpoint).chat(HELLO, tools=[TOOL])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", [case for case in CASES if "broken_call" not in case.cannot], ids=str)
def test_long_broken_arguments_are_not_guessed_at(model_server: ModelServer, case: Case) -> None:
    """Where they are, each character takes milliseconds: an hour in all."""
    broken = '{"a": 1' + ' "b' * 200_000
    model_server.answer(ToolCalls((ToolCall("look", broken),)))
    [call] = Gateway(case.endpoint(model_server, timeout_s=200)).chat(HELLO, tools=[TOOL]).tool_calls
    assert call.arguments == broken
