"""What the gateway promises, against a real HTTP server: answers, structured answers, tools, usage, events, cost."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from agents.llm.endpoint import Endpoint
from agents.llm.errors import ModelDeclined, ModelRejectedRequest, OutputInvalid
from agents.llm.gateway import Gateway
from nexod.kernel.errors import InvalidInput
from nexod.kernel.events import ModelCalled
from tests.model_server import Declined, Json, ModelServer, Status, Text, ToolCall, ToolCalls
from tests.model_server.port import Run

HELLO = [{"role": "user", "content": "Say hello to the crew"}]
SCORE = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score", "why"],
    "additionalProperties": False,
}


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, "sk-secret-key", "scripted", timeout_s=10, label="Test model")


def test_a_text_comes_back_with_the_providers_usage(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer("Hello, dear crew!")
    reply = Gateway(endpoint).chat(HELLO)
    assert (reply.text, reply.data, reply.estimated) == ("Hello, dear crew!", None, False)
    assert (reply.tokens_in, reply.tokens_out) == (5, 3)
    assert 0 < reply.seconds < 10


def test_the_request_is_what_was_asked_for(model_server: ModelServer, endpoint: Endpoint) -> None:
    Gateway(endpoint).chat(HELLO, temperature=0.2, max_tokens=50, stop=["END"])
    [request] = model_server.requests
    assert request.headers["authorization"] == "Bearer sk-secret-key"
    assert request.messages == HELLO
    assert request.streamed
    assert request.wants_usage
    assert {"model": "scripted", "temperature": 0.2, "max_tokens": 50, "stop": ["END"]}.items() <= request.body.items()


def test_usage_that_the_provider_leaves_out_is_estimated_and_marked(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    model_server.answer(Text("x" * 40, usage=False))
    reply = Gateway(endpoint).chat([{"role": "user", "content": "y" * 80}])
    assert (reply.tokens_in, reply.tokens_out, reply.estimated) == (20, 10, True)
    assert run.spent[0].estimated
    assert isinstance(event := run.events[0], ModelCalled)
    assert event.estimated


def test_cost_comes_from_the_prices(model_server: ModelServer) -> None:
    endpoint = Endpoint(model_server.base_url, "", "scripted", price_in=2.0, price_out=10.0)
    model_server.answer("one two three")
    assert Gateway(endpoint).chat(HELLO).cost_usd == pytest.approx((5 * 2 + 3 * 10) / 1e6)


def test_a_call_is_told_to_the_run_and_paid_by_it(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    model_server.answer("Hello, dear crew!")
    reply = Gateway(endpoint).chat(HELLO, agent="Writer")
    [event], [usage] = run.events, run.spent
    assert isinstance(event, ModelCalled)
    assert (event.node, event.step, event.agent, event.model) == ("crew", "step-1", "Writer", "scripted")
    assert event.excerpt == "Hello, dear crew!"
    assert (usage.tokens_in, usage.tokens_out, usage.seconds) == (5, 3, reply.seconds)


def test_a_structured_answer_is_asked_for_by_schema_and_checked(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Json({"score": 7, "why": "good"}))
    assert Gateway(endpoint).chat(HELLO, schema=SCORE).data == {"score": 7, "why": "good"}
    wanted = model_server.requests[0].body["response_format"]
    assert wanted["json_schema"] == {"name": "answer", "schema": SCORE, "strict": True}


def test_a_schema_that_openai_calls_loose_is_not_sent_as_strict(model_server: ModelServer, endpoint: Endpoint) -> None:
    Gateway(endpoint).chat(HELLO, schema={"type": "object", "properties": {"a": {"type": "string"}}})
    assert model_server.requests[0].body["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"score": 7, "why": "good"}\n```',
        'Here it is: {"score": 7, "why": "good"} Bye!',
        '<think>{"score": 1}</think>{"score": 7, "why": "good"}',
    ],
)
def test_a_structured_answer_may_be_wrapped(model_server: ModelServer, endpoint: Endpoint, text: str) -> None:
    model_server.answer(text)
    assert Gateway(endpoint).chat(HELLO, schema=SCORE).data["score"] == 7
    assert len(model_server.requests) == 1


@pytest.mark.parametrize(
    "wrong", ["no JSON at all", '{"score": 99, "why": "x"}', '{"score": NaN, "why": "x"}', '{"score": 1']
)
def test_a_wrong_answer_is_complained_about_once(model_server: ModelServer, endpoint: Endpoint, wrong: str) -> None:
    model_server.answer(wrong, Json({"score": 7, "why": "good"}))
    reply = Gateway(endpoint).chat(HELLO, schema=SCORE)
    assert reply.data["score"] == 7
    first, second = model_server.requests
    assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]
    assert second.messages[1]["content"] == wrong
    assert "does not fit" in second.last
    assert reply.tokens_in == len(first.text.split()) + len(second.text.split())


def test_an_answer_that_ran_out_of_room_gets_more(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Text('{"score": 1', finish="length"), Json({"score": 7, "why": "good"}))
    assert Gateway(endpoint).chat(HELLO, schema=SCORE, max_tokens=10).data["score"] == 7
    assert [request.body["max_tokens"] for request in model_server.requests] == [10, 20]


def test_a_second_wrong_answer_is_an_error_that_says_what_does_not_fit(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    model_server.always(Json({"score": 99, "why": "x"}))
    with pytest.raises(OutputInvalid, match="Test model") as caught:
        Gateway(endpoint).chat(HELLO, schema=SCORE)
    assert caught.value.details["problem"].startswith("$.score: 99")
    assert len(model_server.requests) == len(run.spent) == 2


def test_a_provider_without_response_formats_reads_the_schema(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Status(400, "response_format is not supported"), "7?", Json({"score": 7, "why": "good"}))
    assert Gateway(endpoint).chat(HELLO, schema=SCORE).data["score"] == 7
    _, *described = model_server.requests
    assert [request.schema for request in described] == [None, None]
    assert all(json.dumps(SCORE) in request.messages[0]["content"] for request in described)


def test_a_request_that_is_wrong_otherwise_stays_wrong(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Status(400, "no such temperature"))
    with pytest.raises(ModelRejectedRequest, match="no such temperature"):
        Gateway(endpoint).chat(HELLO, schema=SCORE)
    assert len(model_server.requests) == 2


def test_a_schema_that_is_none_is_refused_before_anything_is_asked(
    model_server: ModelServer, endpoint: Endpoint
) -> None:
    with pytest.raises(InvalidInput, match="JSON Schema"):
        Gateway(endpoint).chat(HELLO, schema={"type": "objekt"})
    assert model_server.requests == []


def test_tools_are_offered_and_their_calls_come_back(model_server: ModelServer, endpoint: Endpoint) -> None:
    tool = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
    model_server.answer(ToolCalls((ToolCall("search", {"query": "x"}), ToolCall("search", "{broken"))))
    reply = Gateway(endpoint).chat(HELLO, tools=[tool])
    assert model_server.requests[0].body["tools"] == [tool]
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("search", json.dumps({"query": "x"})),
        ("search", "{broken"),
    ]
    assert reply.tool_calls[0].id == "call_0"


@pytest.mark.parametrize("nothing", [Declined(), Text(""), Text("  \n"), Text("Half an ans", finish="content_filter")])
def test_a_model_that_declines_or_says_nothing_is_an_error(
    model_server: ModelServer, endpoint: Endpoint, nothing: Any
) -> None:
    model_server.always(nothing)
    with pytest.raises(ModelDeclined):
        Gateway(endpoint).chat(HELLO)
    assert len(model_server.requests) == 1


def test_a_small_model_is_asked_for_a_short_answer(model_server: ModelServer) -> None:
    Gateway(Endpoint(model_server.base_url, "", "tiny", small=True)).chat(HELLO)
    assert model_server.requests[0].body["max_tokens"] == 220


def test_a_small_model_gets_an_end_to_every_string_and_array(model_server: ModelServer) -> None:
    """Grammars keep it to the schema, and a small one that rambles inside a string never closes the object."""
    text, array = {"type": "string"}, {"type": "array", "items": {"type": "string", "enum": ["D1"]}}
    closed = {"type": "string", "maxLength": 9}
    properties = {"type": text, "list": array, "short": closed}
    Gateway(Endpoint(model_server.base_url, "", "tiny", small=True)).chat(HELLO, schema={"properties": properties})
    [request] = model_server.requests
    assert request.schema == {
        "properties": {"type": text | {"maxLength": 240}, "list": array | {"maxItems": 8}, "short": closed}
    }


def test_neither_prompt_nor_key_nor_address_is_logged(
    model_server: ModelServer, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    model_server.answer("A very private answer")
    Gateway(endpoint).chat(HELLO)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert not any(secret in logged for secret in ("hello", "private", "sk-secret", model_server.address))
    assert "sk-secret" not in repr(endpoint)
    assert model_server.address not in repr(endpoint)


def test_prompts_are_not_traced_whatever_the_environment_says(
    model_server: ModelServer, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LangSmith would otherwise post every prompt; its client would show as a request to this address."""
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "x")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", model_server.base_url)
    from langsmith import utils

    utils.get_env_var.cache_clear()
    try:
        Gateway(endpoint).chat(HELLO)
        from langchain_core.tracers.langchain import wait_for_all_tracers

        wait_for_all_tracers()
    finally:
        utils.get_env_var.cache_clear()
    assert model_server.paths == ["/v1/chat/completions"]


def test_a_connection_serves_many_calls(model_server: ModelServer, endpoint: Endpoint) -> None:
    for schema in (None, SCORE, None):
        Gateway(endpoint).chat(HELLO, schema=schema)
    assert len(model_server.connections) == 1
