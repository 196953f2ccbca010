"""The http node: what it sends and gives, what it refuses, and what an answer, or none, means for whether it happened."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from nexod.kernel.errors import AddressRefused, NexodError
from nexod.kernel.outgoing.errors import (
    HttpBusy,
    HttpFailed,
    HttpRefused,
    HttpRequestInvalid,
    HttpUnavailable,
    HttpUnusable,
)
from tests.definitions import Call, Everything, chain, places
from tests.integration.test_effects import effects, resume
from tests.processes import until
from tests.sink import Answer, Sink
from tests.workbench import Bench, definition, node, output
from workflows.definitions import validate
from workflows.nodes.registry import get

VALUES = {"inputs": {"name": "Änne & co", "items": [1, 2]}, "nodes": {}, "visits": {}, "run": {"id": "r"}}


def asked(sink: Sink, path: str = "/orders", /, **config: Any) -> Any:
    """Return the output of a node outside of any run."""
    made = {"url": sink.url(path), **config}
    output_ = get("http").run(Call(made, VALUES)).output
    Draft202012Validator(get("http").output(made)).validate(output_)
    return output_


def posting(sink: Sink, /, *, retry: int = 1, **config: Any) -> dict[str, Any]:
    made = {"method": "POST", "url": sink.url("/orders"), "json": "{'name': inputs.topic}", **config}
    call = node("call", "http", made, retry={"attempts": retry, "backoff_s": 0})
    return definition([call, output(status="{{ nodes.call.status }}", said="{{ nodes.call.json | tojson }}")])


def test_a_get_gives_status_headers_and_json(sink: Sink) -> None:
    sink.answer(Answer(headers={"Content-Type": "application/json; charset=utf-8", "ETag": "1", "Set-Cookie": "a=b"}))
    given = asked(
        sink, "/things?a=1", query={"q": "{{ inputs.name }}", "a": "2"}, headers={"X-Of": "{{ inputs.items }}"}
    )
    assert (given["status"], given["json"], given["body"]) == (200, {"ok": True}, "")
    assert {name.lower() for name in given["headers"]} <= {"content-type", "etag", "date"}
    [seen] = sink.requests
    assert (seen.method, seen.path) == ("GET", "/things?a=2&q=%C3%84nne+%26+co")
    assert seen.headers["x-of"] == "[1, 2]"
    assert "idempotency-key" not in seen.headers


@pytest.mark.parametrize(
    ("config", "media_type", "body"),
    [
        ({"json": "{'n': inputs.items.size(), 'name': inputs.name}"}, "application/json", None),
        ({"body": "Dear {{ inputs.name }}"}, "text/plain; charset=utf-8", "Dear Änne & co".encode()),
        ({"body": "a=1", "media_type": "application/x-www-form-urlencoded"}, None, b"a=1"),
    ],
    ids=["JSON", "text", "form"],
)
def test_a_body_is_json_or_text(sink: Sink, config: Any, media_type: str | None, body: bytes | None) -> None:
    asked(sink, method="POST", **config)
    [seen] = sink.requests
    assert media_type in (None, seen.headers["content-type"])
    assert seen.body == body if body else seen.json == {"n": 2, "name": "Änne & co"}


@pytest.mark.parametrize(
    ("answer", "response", "body", "json"),
    [
        (Answer(body=b"plain", headers={"Content-Type": "text/plain"}), "auto", "plain", None),
        (Answer(body=b"{", headers={"Content-Type": "application/json"}), "auto", "{", None),
        (Answer(body=b"[1]", headers={"Content-Type": "text/plain"}), "json", "", [1]),
        (Answer(body=b"[1]"), "text", "[1]", None),
        (Answer(status=204, body=b""), "json", "", None),
        (Answer(body=b"\xff\xfe", headers={"Content-Type": "text/plain; charset=utf-8"}), "auto", "\ufffd\ufffd", None),
    ],
)
def test_an_answer_is_read_as_wanted(sink: Sink, answer: Answer, response: str, body: str, json: Any) -> None:
    sink.answer(answer)
    given = asked(sink, response=response)
    assert (given["body"], given["json"]) == (body, json)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(status=404), HttpRefused),
        (Answer(status=429, headers={"Retry-After": "7"}), HttpBusy),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), HttpRefused),
        (Answer(status=500), HttpFailed),
        (Answer(status=503), HttpUnavailable),
        (Answer(drop=True), HttpFailed),
        (Answer(body=b"x" * 2_000), HttpUnusable),
        (Answer(body=b"nope"), HttpUnusable),
    ],
    ids=["404", "429", "redirect", "500", "503", "dropped", "too large", "not JSON"],
)
def test_what_goes_wrong_is_told(sink: Sink, answer: Answer, error: type[NexodError]) -> None:
    sink.answer(answer)
    with pytest.raises(error) as raised:
        asked(sink, max_bytes=1_000, response="json")
    assert "127.0.0.1" in raised.value.message
    assert sink.count() == 1, "redirects are not followed"
    if error is HttpBusy:
        assert raised.value.details["retry_after_s"] == 7


def test_a_status_that_is_expected_is_a_success(sink: Sink) -> None:
    sink.answer(Answer(status=404, body=b"{}"), Answer(status=201))
    assert asked(sink, expect=[404])["status"] == 404
    with pytest.raises(HttpUnusable):
        asked(sink, expect=[200])


def test_silence_is_given_up_in_time(sink: Sink) -> None:
    sink.answer(Answer(hang_s=20))
    began = time.monotonic()
    with pytest.raises(HttpFailed, match="within 1 s"):
        asked(sink, timeout_s=1)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_is_given_up_in_time(sink: Sink, part: str) -> None:
    """A byte now and then keeps each read alive, and not the whole."""
    sink.answer(Answer(drips=part))
    found: list[BaseException] = []

    def asks() -> None:
        try:
            asked(sink, timeout_s=1)
        except HttpFailed as error:
            found.append(error)

    asking = threading.Thread(target=asks, daemon=True)
    asking.start()
    asking.join(30)
    assert not asking.is_alive()
    assert "within 1 s" in str(found[0])


def test_private_addresses_are_refused(sink: Sink, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = []
    with pytest.raises(AddressRefused):
        asked(sink)
    assert sink.count() == 0


@pytest.mark.parametrize(
    "config",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://"},
        {"url": "/orders"},
        {"url": "https://me:secret@example.com/"},
        {"url": "http://exa mple.com:x/"},
        {"headers": {"X-Of": "a\r\nHost: evil"}},
        {"headers": {"X-Of": "\u2603"}},
    ],
)
def test_what_cannot_be_sent_is_invalid(sink: Sink, config: Any) -> None:
    with pytest.raises(HttpRequestInvalid):
        asked(sink, **config)
    assert sink.count() == 0


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"headers": {"Authorization": "Bearer x"}}, ("secret_header", "config.headers.Authorization")),
        ({"headers": {"X-API-Key": "x"}}, ("secret_header", "config.headers.X-API-Key")),
        ({"headers": {"cookie": "x"}}, ("secret_header", "config.headers.cookie")),
        ({"headers": {"Host": "x"}}, ("bad_config", "config.headers.Host")),
        ({"headers": {"X-A": "1", "x-a": "2"}}, ("bad_config", "config.headers.x-a")),
        ({"headers": {"a b": "1"}}, ("bad_config", "config.headers")),
        ({"method": "POST", "body": "a", "json": "1"}, ("bad_config", "config.json")),
        ({"body": "a"}, ("bad_config", "config.body")),
        ({"method": "TRACE"}, ("bad_config", "config.method")),
        ({"body": "{{ ", "method": "PUT"}, ("bad_template", "config.body")),
    ],
)
def test_a_definition_is_told_what_is_wrong(config: Any, problem: tuple[str, str]) -> None:
    document = chain(3)
    document["nodes"][1] = {"id": "n1", "type": "http", "config": {"url": "https://example.com", **config}}
    assert (problem[0], "n1", problem[1]) in places(validate(document, Everything()))


def test_a_post_is_sent_once_with_its_key_and_leaves_no_header_behind(bench: Bench, sink: Sink) -> None:
    run = bench.ran(posting(sink, headers={"X-Of": "private"}))
    assert (run.status, run.outputs) == ("completed", {"status": "200", "said": '{"ok": true}'}), run.error
    [seen] = sink.requests
    assert seen.json == {"name": "tides"}
    [effect] = effects(bench, run.id)
    assert (effect.kind, effect.name, effect.idempotent) == ("http", f"POST {sink.url('/orders')}", False)
    assert len(seen.key) == 40
    from django.forms import model_to_dict

    assert "private" not in str(model_to_dict(effect))


def test_a_refused_request_is_sent_again_by_policy_and_a_failed_one_of_unknown_outcome_is_not(
    bench: Bench, sink: Sink
) -> None:
    sink.answer(Answer(status=429))
    assert bench.ran(posting(sink, retry=2)).status == "completed"
    assert sink.count() == 2
    sink.answer(Answer(status=502))
    run = bench.ran(posting(sink, retry=2))
    assert (run.waiting_for, sink.count()) == ("person", 3)


@pytest.mark.parametrize("config", [{"idempotent": True}, {"method": "PUT"}], ids=["declared", "by its method"])
@pytest.mark.parametrize("answer", [Answer(status=502), Answer(drop=True)], ids=["502", "dropped"])
def test_what_is_idempotent_is_sent_again_with_the_same_key(
    bench: Bench, sink: Sink, config: Any, answer: Answer
) -> None:
    sink.answer(answer)
    run = bench.ran(posting(sink, retry=2, **config))
    assert run.status == "completed", run.error
    assert list(sink.keys().values()) == [2]


def test_a_dropped_post_asks_a_person_who_says_what_came_of_it(bench: Bench, sink: Sink) -> None:
    sink.answer(Answer(drop=True))
    run = bench.ran(posting(sink, retry=3))
    assert (run.status, run.waiting_for, sink.count()) == ("waiting", "person", 1)
    bench.decide(run.id, "happened", content='{"id": 5}')
    assert bench.advance(run.id).outputs == {"status": "0", "said": '{"id": 5}'}
    assert sink.count() == 1


def test_a_port_where_nobody_listens_was_not_reached(bench: Bench, sink: Sink, settings: Any) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    settings.NEXOD_EGRESS_ALLOW = [address]
    run = bench.ran(posting(sink, url=f"http://{address}/orders"))
    assert (run.status, run.error["code"]) == ("failed", "http_unavailable")
    assert [effect.status for effect in effects(bench, run.id)] == ["failed"]


def test_a_cancel_is_heard_while_the_other_side_is_silent(bench: Bench, sink: Sink) -> None:

    from workflows.actions.runs import cancel_run

    sink.answer(Answer(hang_s=20))
    run = bench.start(posting(sink))
    worker = threading.Thread(target=bench.advance, args=(run,))
    worker.start()
    assert until(sink.count)
    began = time.monotonic()
    with bench.inside():
        cancel_run(actor=bench.user("admin"), run=bench.run(run))
    worker.join()
    assert time.monotonic() - began < 10
    assert bench.run(run).status == "cancelled"
    assert _known(bench, run) == "unknown"


def test_an_unusable_answer_is_not_asked_for_again(bench: Bench, sink: Sink) -> None:
    sink.answer(Answer(body=b"x" * 2_000))
    run = bench.ran(posting(sink, max_bytes=1_000, retry=3))
    assert run.error["code"] == "http_unusable"
    assert resume(bench, run.id).error["code"] == "http_unusable"
    assert sink.count() == 1


def _known(bench: Bench, run: UUID) -> str:
    until(lambda: effects(bench, run)[0].status != "started", 3)
    return str(effects(bench, run)[0].status)
