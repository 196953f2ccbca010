"""What every provider has to do the same, each through its own package and protocol, against the scripted server."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from nexod.kernel.errors import AddressRefused
from nexod.kernel.run_port import RunWasCancelled
from tests.contract.providers import CASES, KEY, Case
from tests.model_server import (
    Cut,
    Declined,
    Drip,
    Garbage,
    Hang,
    Huge,
    Json,
    ModelServer,
    Redirect,
    Reply,
    Status,
    Text,
    ToolCall,
    ToolCalls,
)
from tests.model_server.port import Run

HELLO = [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Say hello to the crew"}]
SCORE = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 10}, "why": {"type": "string"}},
    "required": ["score", "why"],
    "additionalProperties": False,
}
PARAMETERS = {"type": "object", "properties": {"query": {"type": "string"}}}
SEARCH = {"type": "function", "function": {"name": "search", "description": "Search.", "parameters": PARAMETERS}}


@pytest.fixture(autouse=True)
def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.02)


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def endpoint(case: Case, model_server: ModelServer) -> Endpoint:
    return case.endpoint(model_server)


def test_a_text_comes_back_with_the_providers_usage(
    model_server: ModelServer, endpoint: Endpoint, case: Case, run: Run
) -> None:
    model_server.answer(Text("Hello, dear crew!", cached=3, reasoning=2))
    reply = Gateway(endpoint).chat(HELLO)
    assert (reply.text, reply.finish, reply.estimated, reply.model) == ("Hello, dear crew!", "stop", False, "scripted")
    assert (reply.tokens_in, reply.tokens_out) == (7, 5)
    assert reply.tokens_cached == (0 if "cached" in case.cannot else 3)
    assert reply.tokens_reasoning == (0 if "reasoning" in case.cannot else 2)
    assert 0 < (reply.first_token_s or 0) <= reply.seconds
    assert run.types() == ["model.called"]


def test_the_server_is_told_everything_under_our_key(model_server: ModelServer, endpoint: Endpoint, case: Case) -> None:
    Gateway(endpoint).chat(HELLO, temperature=0.25, max_tokens=50, stop=["END"])
    [request] = model_server.requests
    assert [message["content"] for message in request.messages] == ["Be kind", "Say hello to the crew"]
    # Amazon's secret signs and is never sent.
    assert request.key == KEY or (case.name == "bedrock" and "Credential=AKIASCRIPTED/" in request.key)
    body = json.dumps(request.body)
    assert "0.25" in body
    assert "50" in body
    assert "END" in body


def test_the_text_is_told_as_it_streams(model_server: ModelServer, endpoint: Endpoint) -> None:
    pieces: list[str] = []
    model_server.answer("One two three")
    Gateway(endpoint).chat(HELLO, on_text=pieces.append)
    assert "".join(pieces) == "One two three"
    assert len(pieces) > 1


def test_a_text_that_begins_anew_wipes_what_was_told(model_server: ModelServer, endpoint: Endpoint) -> None:
    pieces: list[str] = []
    model_server.answer(Cut("Half "), Text("Whole"))
    assert Gateway(endpoint).chat(HELLO, on_text=pieces.append).text == "Whole"
    assert pieces == ["Half ", "", "Whole"]


def test_options_of_a_connection_or_an_agent_are_passed_on(
    model_server: ModelServer, endpoint: Endpoint, case: Case
) -> None:
    turned = replace(endpoint, options={**endpoint.options, "top_p": 0.125, "unheard_of": "secret"})
    Gateway(turned).chat(HELLO)
    body = json.dumps(model_server.requests[0].body)
    assert "0.125" in body
    assert "unheard_of" not in body


def test_a_structured_answer_is_asked_for_in_the_providers_own_way(
    model_server: ModelServer, endpoint: Endpoint
) -> None:
    model_server.answer(Json({"score": 7, "why": "good"}))
    reply = Gateway(endpoint).chat(HELLO, schema=SCORE)
    assert (reply.data, reply.tool_calls) == ({"score": 7, "why": "good"}, ())
    assert set((model_server.requests[0].schema or {})["properties"]) == {"score", "why"}


def test_a_wrong_structured_answer_is_complained_about_once(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Json({"score": 99, "why": "x"}), Json({"score": 7, "why": "good"}))
    assert Gateway(endpoint).chat(HELLO, schema=SCORE).data["score"] == 7
    assert "does not fit" in model_server.requests[1].last
    model_server.always("Seven, I should say.")
    with pytest.raises(errors.OutputInvalid):
        Gateway(endpoint).chat(HELLO, schema=SCORE)
    assert len(model_server.requests) == 4


def test_a_provider_that_refuses_the_form_reads_it(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Status(400, "no such parameter"), Text('{"score": 7, "why": "good"}'))
    assert Gateway(endpoint).chat(HELLO, schema=SCORE).data["score"] == 7
    assert model_server.requests[1].schema is None
    assert json.dumps(SCORE) in model_server.requests[1].text


def test_tools_are_offered_called_and_answered(model_server: ModelServer, endpoint: Endpoint, case: Case) -> None:
    broken = () if "broken_call" in case.cannot else (ToolCall("search", "{broken"),)
    model_server.answer(ToolCalls((ToolCall("search", {"query": "x"}), ToolCall("search", {"query": "y"}), *broken)))
    reply = Gateway(endpoint).chat(HELLO, tools=[SEARCH])
    assert list(model_server.requests[0].tools) == ["search"]
    assert reply.finish == "tool_calls"
    assert [call.name for call in reply.tool_calls] == ["search"] * (2 + len(broken))
    assert [json.loads(call.arguments) for call in reply.tool_calls[:2]] == [{"query": "x"}, {"query": "y"}]
    said = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in reply.tool_calls
    ]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "found"} for call in reply.tool_calls]
    model_server.answer("Done")
    again = [*HELLO, {"role": "assistant", "content": "", "tool_calls": said}, *results]
    assert Gateway(endpoint).chat(again, tools=[SEARCH]).text == "Done"


@pytest.mark.parametrize(("finish", "ours"), [("stop", "stop"), ("length", "length")])
def test_why_it_ended_is_said_in_our_words(
    model_server: ModelServer, endpoint: Endpoint, finish: str, ours: str
) -> None:
    model_server.answer(Text("Some words", finish=finish))
    assert Gateway(endpoint).chat(HELLO).finish == ours


@pytest.mark.parametrize("nothing", [Declined(), Text(""), Text("Half an ans", finish="content_filter")], ids=str)
def test_a_model_that_declines_is_an_error(model_server: ModelServer, endpoint: Endpoint, nothing: Any) -> None:
    model_server.always(nothing)
    with pytest.raises(errors.ModelDeclined):
        Gateway(endpoint).chat(HELLO)
    assert len(model_server.requests) == 1


@pytest.mark.parametrize("failure", [Status(429, retry_after=0), Status(500), Status(503), Cut()], ids=str)
def test_what_may_pass_is_tried_again_by_us_and_nobody_else(
    model_server: ModelServer, endpoint: Endpoint, run: Run, failure: Reply
) -> None:
    model_server.answer(failure, failure, "Here I am")
    assert Gateway(endpoint).chat(HELLO).text == "Here I am"
    assert run.types() == ["model.failed", "model.failed", "model.called"]
    assert len(model_server.requests) == 3


def test_a_stream_that_ends_politely_in_the_middle_is_a_cut(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Cut(politely=True))
    with pytest.raises(errors.ModelStreamCut):
        Gateway(endpoint).chat(HELLO)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Status(401, f"Incorrect API key provided: {KEY}"), errors.ModelRefused),
        (Status(403), errors.ModelRefused),
        (Status(404), errors.ModelUnknown),
        (Redirect("http://127.0.0.1:1/elsewhere"), errors.ModelUnknown),
        (Status(400, "unsupported parameter"), errors.ModelRejectedRequest),
        (Status(400, "the prompt is too long: 4097 tokens"), errors.PromptTooLong),
        (Status(429, retry_after=3600), errors.ModelRateLimited),
        (Garbage(), errors.ModelAnsweredGarbage),
        (Huge(3_000_000), errors.ModelAnswerTooLarge),
    ],
    ids=str,
)
def test_what_will_not_pass_is_not_tried_again(
    model_server: ModelServer, endpoint: Endpoint, failure: Reply, error: type[errors.ModelError], run: Run
) -> None:
    refused(model_server, endpoint, failure, error, run)
    assert len(model_server.requests) == 1


def test_a_stream_without_anything_in_it_is_no_answer(
    model_server: ModelServer, endpoint: Endpoint, case: Case, run: Run
) -> None:
    # Bedrock's package takes an empty answer for a broken connection, which is tried again.
    broken = case.name == "bedrock"
    error = errors.ModelUnavailable if broken else errors.ModelAnsweredGarbage
    refused(model_server, endpoint, Garbage("", "text/event-stream"), error, run)
    assert len(model_server.requests) == (3 if broken else 1)


def refused(
    model_server: ModelServer, endpoint: Endpoint, failure: Reply, error: type[errors.ModelError], run: Run
) -> None:
    """Ask a server that fails so; the error is this one, and nothing that is told of it holds the key or the address."""
    model_server.always(failure)
    with pytest.raises(error, match=r"Test model \(scripted\)") as caught:
        Gateway(endpoint).chat(HELLO)
    told = f"{caught.value} {caught.value.as_dict()} {[event.data() for event in run.events]}"
    assert not any(secret in told for secret in (KEY, model_server.address))


def test_a_model_that_says_nothing_times_out(model_server: ModelServer, case: Case) -> None:
    model_server.always(Hang())
    started = time.monotonic()
    with pytest.raises(errors.ModelTimeout):
        Gateway(case.endpoint(model_server, timeout_s=0.7)).chat(HELLO)
    assert time.monotonic() - started < 25
    assert len(model_server.requests) == 1


def test_a_model_that_drips_times_out_as_a_whole(model_server: ModelServer, case: Case, run: Run) -> None:
    model_server.always(Drip("word " * 100, every_s=0.1))
    with pytest.raises(errors.ModelTimeout):
        Gateway(case.endpoint(model_server, timeout_s=1)).chat(HELLO)
    assert run.spent[0].tokens_out > 0


def test_cancel_is_felt_while_nothing_comes(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    Gateway(endpoint).chat(HELLO)  # The first call imports the package.
    model_server.always(Hang())
    started = time.monotonic()
    threading.Timer(0.2, lambda: setattr(run, "cancel_after", 0)).start()
    with pytest.raises(RunWasCancelled):
        Gateway(endpoint).chat(HELLO)
    assert time.monotonic() - started < 10


def test_an_address_inside_is_refused(model_server: ModelServer, endpoint: Endpoint, settings: Any) -> None:
    """Whatever HTTP client a package brings: none of them may reach what our egress does not."""
    settings.NEXOD_EGRESS_ALLOW = []
    with pytest.raises(AddressRefused, match="Test model"):
        Gateway(endpoint).chat(HELLO)
    assert model_server.requests == []


def test_a_connection_serves_many_calls(model_server: ModelServer, endpoint: Endpoint) -> None:
    for _ in range(3):
        Gateway(endpoint).chat(HELLO)
    assert len(model_server.connections) == 1
