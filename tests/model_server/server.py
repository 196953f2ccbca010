"""The HTTP server itself: a thread per connection, every protocol of ``wires`` on its own paths, streamed and not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from tests.loopback import LoopbackHandler, LoopbackServer
from tests.model_server import figures
from tests.model_server.replies import Cut, Drip, Garbage, Hang, Redirect, Reply, Status, Text
from tests.model_server.request import Matcher, Request
from tests.model_server.script import Script
from tests.model_server.wires import OPENAI, Wire, wire_for
from tests.model_server.wires.base import Answer

FIGURES = {"/embeddings": figures.vectors, "/rerank": figures.order}


class ModelServer:
    """``with ModelServer() as server: server.answer("Hello")``; then point a client at ``server.base_url``."""

    def __init__(self, port: int = 0) -> None:
        self._http = _Server(port)
        self._script = self._http.script
        self.address = self._http.host
        self.origin = f"http://{self.address}"
        self.base_url = f"{self.origin}/v1"

    def __enter__(self) -> ModelServer:
        self._http.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.end()

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

    def accept(self, *keys: str) -> None:
        """Let in who shows one of ``keys``; nobody named: everybody."""
        self._http.keys = keys

    def list_with(self, reply: Status) -> None:
        """Answer lists of models with this error."""
        self._script.listing = reply

    def clear(self) -> None:
        """Forget what was scripted and asked."""
        self._script.clear()


class _Server(LoopbackServer):
    def __init__(self, port: int) -> None:
        super().__init__(_Handler, port)
        self.script = Script()
        self.connections: list[tuple[str, int]] = []
        self.keys: tuple[str, ...] = ()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections.append(client_address)
        return True


class _Handler(LoopbackHandler):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802  as http.server calls it
        self.server.script.paths.append(self.path)
        listed = figures.models(self.path.partition("?")[0])
        if not self._is_let_in(self._request({})):
            self.reply_json(401, OPENAI.error(401, "Invalid API key", "invalid_api_key"))
        elif isinstance(scripted := self.server.script.listing, Status):
            self._refuse(OPENAI, scripted)
        elif listed is not None:
            self.reply_json(200, listed)
        else:
            self.reply_json(404, OPENAI.error(404, "not found", "not_found"))

    def do_POST(self) -> None:  # noqa: N802  as http.server calls it
        self.server.script.paths.append(self.path)
        body = json.loads(self.content() or b"{}")
        path = self.path.partition("?")[0]
        wire, figure = wire_for(path), FIGURES.get(path[path.rfind("/") :])
        request = self._request(body, wire)
        with suppress(BrokenPipeError, ConnectionResetError):
            if wire is None and figure is None:
                self.reply_json(404, OPENAI.error(404, "not found", "not_found"))
            elif not self._is_let_in(request):
                self._refuse(wire or OPENAI, Status(401, "Invalid API key", "invalid_api_key"))
            elif wire is not None:
                self._play(wire, request, self.server.script.reply_to(request))
            elif figure is not None:
                self._play_figures(request, figure)

    def _request(self, body: dict[str, Any], wire: Wire | None = None) -> Request:
        headers = self.heard()
        if wire is None:
            return Request(self.path, headers, body)
        streamed = wire.streams(self.path, body)
        return Request(
            self.path, headers, body, wire.messages(body), wire.schema(body), tuple(wire.tools(body)), streamed
        )

    def _is_let_in(self, request: Request) -> bool:
        return not self.server.keys or request.key in self.server.keys

    def _play_figures(self, request: Request, figure: Any) -> None:
        """Answer what is no chat: as scripted where that is a failure."""
        reply = self.server.script.reply_to(request)
        if isinstance(reply, Status | Garbage | Hang | Redirect):
            self._play(OPENAI, request, reply)
        else:
            self.reply_json(200, figure(request.body))

    def _hold_back(self, after: Matcher | None) -> None:
        while after and not any(map(after, tuple(self.server.script.requests))):
            if self.server.stopping.wait(0.01):
                return

    def _refuse(self, wire: Wire, reply: Status) -> None:
        extra = {} if reply.retry_after is None else {"Retry-After": str(reply.retry_after)}
        self.reply_json(reply.status, wire.error(reply.status, reply.message, reply.code), extra)

    def _play(self, wire: Wire, request: Request, reply: Reply) -> None:
        self._hold_back(getattr(reply, "after", None))
        match reply:
            case Status():
                self._refuse(wire, reply)
            case Redirect():
                self.reply_json(307, {}, {"Location": reply.location})
            case Garbage():
                self.reply(200, reply.body.encode(), {"Content-Type": reply.media_type})
            case Hang():
                self.server.stopping.wait(reply.seconds)
                self.close_connection = True
            case Cut():
                began = chain(wire.head(request), [wire.word(request, reply.text)])
                self._stream(wire, began, complete=reply.politely)
            case Drip():
                chunks = wire.chunks(request, Text(reply.text))
                self._stream(wire, _slowly(chunks, reply.every_s, self.server.stopping))
            case _:
                self._answer(wire, request, reply)

    def _answer(self, wire: Wire, request: Request, reply: Answer) -> None:
        self.server.stopping.wait(getattr(reply, "wait_s", 0.0))
        if request.streamed:
            self._stream(wire, wire.chunks(request, reply))
        else:
            self.reply_json(200, wire.completion(request, reply))

    def _stream(self, wire: Wire, events: Iterator[bytes], *, complete: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", wire.media_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        if complete:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True


def _slowly(events: Iterator[bytes], every_s: float, stopping: threading.Event) -> Iterator[bytes]:
    for event in events:
        if stopping.wait(every_s):
            return
        yield event
