"""The demo's client of the API, against a server on loopback that behaves as badly as networks do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from nexod.embedded.demo import api as module
from nexod.embedded.demo.api import Api, ApiRefused


def frame(seq: int, kind: str) -> str:
    return f"id: {seq}\nevent: {kind}\ndata: {json.dumps({'seq': seq, 'type': kind, 'data': {}})}\n\n"


class Script(ThreadingHTTPServer):
    """Gives its answers in order, whatever is asked, and remembers what was asked."""

    def __init__(self, *answers: tuple[int, str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers, self.asked = list(answers), list[Any]()


class Answer(BaseHTTPRequestHandler):
    """``(status, body, missing)``: with ``missing`` bytes promised but never sent, the connection breaks."""

    server: Script

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, body, missing = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode()) + missing))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def serve() -> Iterator[Any]:
    servers: list[Script] = []

    def begin(*answers: tuple[int, str, int]) -> tuple[Script, Api]:
        server = Script(*answers)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return server, Api(f"http://127.0.0.1:{server.server_port}", "acme.localhost", "key")

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_requests_carry_the_tenants_host_and_the_key(serve: Any) -> None:
    server, api = serve((200, "{}", 0))
    api.get("/workflows", starter="briefing")
    path, headers = server.asked[0]
    assert path == "/api/v1/workflows?starter=briefing"
    assert (headers["Host"], headers["Authorization"]) == ("acme.localhost", "Bearer key")


def test_every_page_of_a_list_is_read(serve: Any) -> None:
    following = "http://acme.localhost/api/v1/documents?cursor=abc"
    server, api = serve(
        (200, json.dumps({"results": [1, 2], "next": following}), 0), (200, '{"results": [3], "next": null}', 0)
    )
    assert list(api.pages("/documents")) == [1, 2, 3]
    assert server.asked[1][0] == "/api/v1/documents?cursor=abc"


def test_a_stream_that_breaks_is_resumed_after_the_last_event(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_PAUSE_S", 0)
    server, api = serve(
        (200, "retry: 2000\n\n" + frame(1, "run.created") + ": heartbeat\n\n" + frame(2, "run.started"), 50),
        (200, frame(3, "run.completed"), 0),
    )
    assert [event["seq"] for event in api.events("r1")] == [1, 2, 3]
    assert [headers["Last-Event-ID"] for _, headers in server.asked] == ["0", "2"]


def test_a_stream_that_never_holds_is_given_up(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_PAUSE_S", 0)
    monkeypatch.setattr(module, "MOST_BREAKS", 3)
    server, api = serve(*[(200, "", 10)] * 3)
    with pytest.raises(ApiRefused, match="again and again"):
        list(api.events("r1"))
    assert len(server.asked) == 3


def test_an_error_within_a_stream_is_told(serve: Any) -> None:
    _, api = serve((200, 'event: error\ndata: {"code": "permission_denied", "message": "No longer."}\n\n', 0))
    with pytest.raises(ApiRefused, match="No longer"):
        list(api.events("r1"))


def test_a_refusal_tells_the_message_and_each_field(serve: Any) -> None:
    details = [{"field": "topic", "message": "is too short"}]
    envelope = {"error": {"code": "invalid", "message": "Not valid.", "details": details, "request_id": "x"}}
    _, api = serve((400, json.dumps(envelope), 0))
    with pytest.raises(ApiRefused, match=r"GET /api/v1/runs: 400 Not valid\.; topic: is too short"):
        api.get("/runs")


def test_an_answer_that_is_no_envelope_is_quoted(serve: Any) -> None:
    _, api = serve((502, "<h1>Bad gateway</h1>", 0))
    with pytest.raises(ApiRefused, match="502 <h1>Bad gateway"):
        api.get("/runs")
