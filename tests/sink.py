"""A service outside of Nexod that counts what is done to it: the far side of effects. It answers, fails, hangs or hangs up."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.loopback import LoopbackHandler, LoopbackServer


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back. ``hang_s`` passes before it; ``drop`` closes the connection instead, when the thing is done.

    ``drips`` sends no end of ``head`` or ``body``, a byte at a time.
    """

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    hang_s: float = 0.0
    drop: bool = False
    drips: str = ""


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
        self._http = _Server(_Handler, port)
        self.address = self._http.host

    def __enter__(self) -> Sink:
        self._http.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.end()

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


class _Server(LoopbackServer):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.seen: list[Seen] = []
        self.script: list[Answer] = []
        self.lock = threading.Lock()


class _Handler(LoopbackHandler):
    server: _Server

    def _any(self) -> None:
        body = self.content()
        with self.server.lock:
            self.server.seen.append(Seen(self.command, self.path, self.heard(), body))
            answer = self.server.script.pop(0) if self.server.script else Answer()
        self.server.stopping.wait(answer.hang_s)
        if answer.drop:
            self.close_connection = True
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            if answer.drips:
                self._drip(answer)
            else:
                self.reply(answer.status, answer.body, answer.headers)

    def _drip(self, answer: Answer) -> None:
        self.close_connection = True
        rest = b"X-Long: " if answer.drips == "head" else b"Content-Length: 9999\r\n\r\n"
        self.wfile.write(b"HTTP/1.1 %d Slow\r\n%s" % (answer.status, rest))
        while not self.server.stopping.wait(0.1):
            self.wfile.write(b"x")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  as http.server calls them


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """Serve on a free loopback port, allowed in NEXOD_EGRESS_ALLOW for the test."""
    with Sink() as found:
        settings.NEXOD_EGRESS_ALLOW = [*settings.NEXOD_EGRESS_ALLOW, found.address]
        yield found
