"""The HTTP server itself: a thread per connection, ``/v1/models`` and ``/v1/chat/completions``, streamed and not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.model_server import wire
from tests.model_server.replies import Cut, Drip, Garbage, Hang, Redirect, Reply, Status, Text
from tests.model_server.request import Matcher, Request
from tests.model_server.script import Script

MODEL = "scripted"


class ModelServer:
    """``with ModelServer() as server: server.answer("Hello")``; then point a client at ``server.base_url``."""

    def __init__(self, port: int = 0) -> None:
        self._http = _Server(port)
        self._script = self._http.script
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        self.base_url = f"http://{self.address}/v1"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=5)

    @property
    def requests(self) -> list[Request]:
        """Every chat request so far, oldest first."""
        return list(self._script.requests)

    @property
    def connections(self) -> list[tuple[str, int]]:
        """The client's end of every connection so far."""
        return list(self._http.connections)

    @property
    def paths(self) -> list[str]:
        """The path of every request so far, of those that no model server has too."""
        return list(self._script.paths)

    def answer(self, *replies: Reply | str, when: Matcher | None = None) -> None:
        """Answer the next requests (that match ``when``) with ``replies``, one each."""
        self._script.add(*replies, when=when, forever=False)

    def always(self, *replies: Reply | str, when: Matcher | None = None) -> None:
        """As ``answer``, with the last reply for ever; single answers go first."""
        self._script.add(*replies, when=when, forever=True)

    def clear(self) -> None:
        """Forget what was scripted and asked."""
        self._script.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script = Script()
        self.stopping = threading.Event()
        self.connections: list[tuple[str, int]] = []

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections.append(client_address)
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what half of the tests are about; it is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.server.script.paths.append(self.path)
        if self.path.rstrip("/").endswith("/models"):
            self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]})
        else:
            self._send(404, _error("not found", "not_found"))

    def do_POST(self) -> None:
        self.server.script.paths.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/chat/completions"):
            self._send(404, _error("not found", "not_found"))
            return
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(body))
        with suppress(BrokenPipeError, ConnectionResetError):
            self._play(request, self.server.script.reply_to(request))

    def _play(self, request: Request, reply: Reply) -> None:
        match reply:
            case Status():
                extra = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
                self._send(reply.status, _error(reply.message, reply.code), extra)
            case Redirect():
                self._send(307, {}, {"Location": reply.location})
            case Garbage():
                self._send_bytes(200, reply.body.encode(), {"Content-Type": reply.media_type})
            case Hang():
                self.server.stopping.wait(reply.seconds)
                self.close_connection = True
            case Cut():
                self._stream(iter([wire.event(request, {"content": reply.text})]), complete=reply.politely)
            case Drip():
                self._stream(_slowly(wire.chunks(request, Text(reply.text)), reply.every_s, self.server.stopping))
            case _:
                self._answer(request, reply)

    def _answer(self, request: Request, reply: wire.Answer) -> None:
        self.server.stopping.wait(getattr(reply, "wait_s", 0.0))
        if request.streamed:
            self._stream(wire.chunks(request, reply))
        else:
            self._send(200, wire.completion(request, reply))

    def _stream(self, events: Iterator[bytes], *, complete: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        if complete:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing; tests look at what was recorded."""


def _slowly(events: Iterator[bytes], every_s: float, stopping: threading.Event) -> Iterator[bytes]:
    for event in events:
        if stopping.wait(every_s):
            return
        yield event


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "code": code or None}}
