"""Each way in which a model endpoint goes wrong, and what the gateway makes of it: which error, how many tries, what is told."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from agents.llm import errors, tries
from agents.llm.endpoint import Endpoint
from agents.llm.gateway import Gateway
from nexod.kernel import run_port
from nexod.kernel.errors import AddressRefused
from nexod.kernel.events import ModelCallFailed
from nexod.kernel.run_port import RunWasCancelled
from tests.model_server import Cut, Drip, Garbage, Hang, Huge, ModelServer, Redirect, Reply, Status, Text
from tests.model_server.port import Run

KEY = "sk-very-secret-key"
HELLO = [{"role": "user", "content": "Say hello"}]


@pytest.fixture(autouse=True)
def _quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "FIRST_WAIT_S", 0.05)


@pytest.fixture
def endpoint(model_server: ModelServer) -> Endpoint:
    return Endpoint(model_server.base_url, KEY, "scripted", timeout_s=8, label="Test model")


@pytest.mark.parametrize(
    "failure",
    [
        Status(429),
        Status(429, retry_after=0),
        Status(500),
        Status(502),
        Status(503),
        Status(504),
        Cut(),
        Cut(politely=True),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(model_server: ModelServer, endpoint: Endpoint, run: Run, failure: Reply) -> None:
    model_server.answer(failure, failure, "Here I am")
    assert Gateway(endpoint).chat(HELLO).text == "Here I am"
    assert run.types() == ["model.failed", "model.failed", "model.called"]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Status(429), errors.ModelRateLimited),
        (Status(500), errors.ModelUnavailable),
        (Status(503), errors.ModelUnavailable),
        (Cut(), errors.ModelStreamCut),
        (Cut(politely=True), errors.ModelStreamCut),
    ],
    ids=str,
)
def test_after_three_tries_it_is_an_error(
    model_server: ModelServer, endpoint: Endpoint, run: Run, failure: Reply, error: type[errors.ModelError]
) -> None:
    model_server.always(failure)
    with pytest.raises(error, match=r"Test model \(scripted\)"):
        Gateway(endpoint).chat(HELLO)
    assert len(model_server.requests) == 3
    assert run.types() == ["model.failed"] * 3


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Status(401, f"Incorrect API key provided: {KEY}"), errors.ModelRefused),
        (Status(403), errors.ModelRefused),
        (Status(402), errors.ModelRefused),
        (Status(429, "quota", code="insufficient_quota"), errors.ModelRefused),
        (Status(404), errors.ModelUnknown),
        (Redirect("http://127.0.0.1:1/v1/chat/completions"), errors.ModelUnknown),
        (Status(400, "unsupported parameter"), errors.ModelRejectedRequest),
        (Status(418), errors.ModelRejectedRequest),
        (Status(400, "maximum context length is 4096 tokens"), errors.PromptTooLong),
        (Status(400, "the request exceeds the available context size"), errors.PromptTooLong),
        (Status(413), errors.PromptTooLong),
        (Garbage(), errors.ModelAnsweredGarbage),
        (Garbage("data: {not json\n\n", "text/event-stream"), errors.ModelAnsweredGarbage),
        (Garbage('data: ["a list"]\n\n', "text/event-stream"), errors.ModelAnsweredGarbage),
        (Garbage('data: {"choices": [{"x": 1}]}\n\n', "text/event-stream"), errors.ModelAnsweredGarbage),
        (Garbage("", "text/event-stream"), errors.ModelAnsweredGarbage),
        (Garbage("\xff\xfe\x00binary", "application/octet-stream"), errors.ModelAnsweredGarbage),
        (Huge(3_000_000), errors.ModelAnswerTooLarge),
    ],
    ids=str,
)
def test_what_will_not_pass_is_not_tried_again(
    model_server: ModelServer, endpoint: Endpoint, failure: Reply, error: type[errors.ModelError]
) -> None:
    model_server.always(failure)
    with pytest.raises(error, match=r"Test model \(scripted\)"):
        Gateway(endpoint).chat(HELLO)
    assert len(model_server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_no_error_contains_the_key_or_an_address(
    model_server: ModelServer, endpoint: Endpoint, run: Run, status: int
) -> None:
    quoting = f"bad key {KEY} at {model_server.base_url}/chat/completions?token=abc, Bearer {KEY}, or sk-proj-other"
    model_server.always(Status(status, quoting))
    with pytest.raises(errors.ModelError) as caught:
        Gateway(endpoint).chat(HELLO)
    told = f"{caught.value} {caught.value.as_dict()} {[event.data() for event in run.events]}"
    assert not any(secret in told for secret in (KEY, model_server.address, "sk-proj", "token=abc"))


def test_what_is_wrong_with_a_request_is_quoted(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Status(400, "temperature must be at most 2"))
    with pytest.raises(errors.ModelRejectedRequest, match="temperature must be at most 2"):
        Gateway(endpoint).chat(HELLO)


def test_retry_after_is_waited_for(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.answer(Status(429, retry_after=1), "Here I am")
    started = time.monotonic()
    assert Gateway(endpoint).chat(HELLO).text == "Here I am"
    assert 1 <= time.monotonic() - started < 2


def test_a_retry_after_beyond_patience_ends_the_call_and_is_told(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Status(429, retry_after=3600))
    with pytest.raises(errors.ModelRateLimited) as caught:
        Gateway(endpoint).chat(HELLO)
    assert caught.value.details["retry_after_s"] == 3600
    assert len(model_server.requests) == 1


def test_a_retry_after_may_be_a_date(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Status(503, retry_after="Wed, 21 Oct 2099 07:28:00 GMT"))
    with pytest.raises(errors.ModelUnavailable) as caught:
        Gateway(endpoint).chat(HELLO)
    assert caught.value.details["retry_after_s"] > 1e6


def test_a_model_that_says_nothing_times_out(model_server: ModelServer, endpoint: Endpoint) -> None:
    model_server.always(Hang())
    started = time.monotonic()
    with pytest.raises(errors.ModelTimeout, match="Test model"):
        Gateway(replace(endpoint, timeout_s=1)).chat(HELLO)
    assert time.monotonic() - started < 10
    assert len(model_server.requests) == 1


def test_a_model_that_drips_times_out_as_a_whole(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    model_server.always(Drip("word " * 100, every_s=0.2))
    started = time.monotonic()
    with pytest.raises(errors.ModelTimeout):
        Gateway(replace(endpoint, timeout_s=1)).chat(HELLO)
    assert time.monotonic() - started < 10
    assert run.spent[0].tokens_out > 0


def test_nobody_listening_is_tried_again_and_told(settings: Any, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings.NEXOD_EGRESS_ALLOW = [address]
        with pytest.raises(errors.ModelUnavailable, match="Gone"):
            Gateway(Endpoint(f"http://{address}/v1", "", "m", label="Gone")).chat(HELLO)
    assert run.types() == ["model.failed"] * 3


def test_an_address_inside_is_refused_with_the_connections_name(model_server: ModelServer, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = []
    with pytest.raises(AddressRefused, match="Sneaky"):
        Gateway(Endpoint(model_server.base_url, "", "m", label="Sneaky")).chat(HELLO)
    assert model_server.requests == []


def test_what_was_answered_before_a_cut_is_paid_as_an_estimate(
    model_server: ModelServer, endpoint: Endpoint, run: Run
) -> None:
    model_server.answer(Cut("x" * 40), "Here I am")
    Gateway(endpoint).chat(HELLO)
    assert [(usage.tokens_out, usage.estimated) for usage in run.spent] == [(10, True), (3, False)]


def test_a_failed_call_is_told_with_its_reason(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    model_server.answer(Status(401))
    with pytest.raises(errors.ModelRefused):
        Gateway(endpoint).chat(HELLO)
    [event] = run.events
    assert isinstance(event, ModelCallFailed)
    assert (event.node, event.step, event.reason.code) == ("crew", "step-1", "model_refused")
    assert event.reason.details == {"connection": "Test model", "model": "scripted", "provider_status": 401}
    assert run.spent == []


def test_a_cancelled_run_does_not_call_at_all(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    run.cancel_after = 0
    with pytest.raises(RunWasCancelled):
        Gateway(endpoint).chat(HELLO)
    assert model_server.requests == []


def test_cancel_is_felt_between_the_words(model_server: ModelServer, endpoint: Endpoint, run: Run) -> None:
    model_server.always(Drip("word " * 200, every_s=0.05))
    run.cancel_after = 4
    started = time.monotonic()
    with pytest.raises(RunWasCancelled):
        Gateway(endpoint).chat(HELLO)
    assert time.monotonic() - started < 5
    assert run.spent[0].tokens_out > 0


@pytest.mark.parametrize("waiting", [Hang(), Text("late", wait_s=30), Status(429, retry_after=5)], ids=str)
def test_cancel_is_felt_while_nothing_comes(
    model_server: ModelServer, endpoint: Endpoint, run: Run, waiting: Reply
) -> None:
    model_server.always(waiting)
    started = time.monotonic()
    threading.Timer(0.3, lambda: setattr(run, "cancel_after", 0)).start()
    with pytest.raises(RunWasCancelled):
        Gateway(endpoint).chat(HELLO)
    assert time.monotonic() - started < 4.5


def test_two_threads_may_use_the_same_endpoint(model_server: ModelServer, endpoint: Endpoint) -> None:
    runs, threads = [Run() for _ in range(4)], []
    for number, port in enumerate(runs):

        def work(number: int = number, port: Run = port) -> None:
            with run_port.use(port):
                for _ in range(5):
                    Gateway(endpoint).chat([{"role": "user", "content": f"thread {number}"}])

        threads.append(threading.Thread(target=work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    excerpts = [{event.data()["excerpt"] for event in port.events} for port in runs]
    assert excerpts == [{f"A scripted answer to: thread {number}"} for number in range(4)]
