"""A service outside of Nexod that counts what is done to it: the far side of effects. It answers, fails, hangs or hangs up."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back. ``hang_s`` passes before it; ``drop`` closes the connection instead, when the thing is done."""

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    hang_s: float = 0.0
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that arrived whole."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Its Idempotency-Key."""
        return self.headers.get("idempotency-key", "")

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)


class Sink:
    """``with Sink() as sink``: everything that arrives is in ``requests``, in its order."""

    def __init__(self, port: int = 0) -> None:
        self._http = _Server(("127.0.0.1", port), _Handler)
        self.address = f"127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Sink:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}{path}"

    @property
    def requests(self) -> list[Seen]:
        return list(self._http.seen)

    def count(self, path: str | None = None) -> int:
        """Return how many requests came, to ``path`` when given."""
        return sum(path in (None, seen.path) for seen in self.requests)

    def keys(self) -> Counter[str]:
        """Return how often each Idempotency-Key came."""
        return Counter(seen.key for seen in self.requests)

    def answer(self, *answers: Answer) -> None:
        """Answer the next requests with these, one each; then with 200 again."""
        self._http.script.extend(answers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: list[Seen] = []
        self.script: list[Answer] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed is what tests do; it is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.seen.append(Seen(self.command, self.path, headers, body))
            answer = self.server.script.pop(0) if self.server.script else Answer()
        self.server.stopping.wait(answer.hang_s)
        if answer.drop:
            self.close_connection = True
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  as http.server calls them

    def log_message(self, *args: Any) -> None:
        """Say nothing; tests look at what was recorded."""


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """Serve on a free loopback port, allowed in NEXOD_EGRESS_ALLOW for the test."""
    with Sink() as found:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, found.address]
        yield found
