"""What the far sides of tests share: HTTP on loopback that says nothing, minds no client that leaves, and ends at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LoopbackServer(ThreadingHTTPServer):
    """``with LoopbackServer(Handler) as server``: a thread per connection, at ``server.host``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.host = f"127.0.0.1:{self.server_port}"
        self.stopping = threading.Event()
        """Set when it ends; handlers that let a client wait, wait for this."""

    def begin(self) -> None:
        """Serve from now on."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def end(self) -> None:
        """Serve no more."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def __enter__(self) -> Any:
        self.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away or is killed is what tests do; it is no error here."""


class LoopbackHandler(BaseHTTPRequestHandler):
    """Keeps connections open, and answers whole bodies."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def content(self) -> bytes:
        """Return the body that came."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def heard(self) -> dict[str, str]:
        """Return the headers that came, their names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}

    def reply(self, status: int, body: bytes, headers: Mapping[str, str], reason: str | None = None) -> None:
        """Answer; a HEAD without the body."""
        self.send_response(status, reason)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answer in JSON."""
        self.reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def log_message(self, *args: Any) -> None:
        """Say nothing; tests look at what was recorded."""
