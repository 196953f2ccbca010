"""``python -m benchmarks.instant_model WORDS``: a model that answers at once, the same bytes each time; prints its address."""

from __future__ import annotations

import json
import socketserver
import sys
from typing import Any

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"


def answer(words: int) -> bytes:
    """Return the whole response: a streamed answer of so many words, its end, its usage."""
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": "word "}, None)] * words + [({}, "stop")]
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} for delta, finish in deltas]
    used = {"prompt_tokens": 12, "completion_tokens": words, "total_tokens": 12 + words}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    parts = [json.dumps(head | event) for event in [*events, {"choices": [], "usage": used}]]
    body = "".join(f"data: {part}\n\n" for part in [*parts, "[DONE]"]).encode()
    return HEAD % len(body) + body


class Handler(socketserver.StreamRequestHandler):
    """Read a request by its Content-Length, answer, and wait for the next on the connection."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Serve one connection."""
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            self.wfile.write(self.server.answer)  # type: ignore[attr-defined]


class Server(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    daemon_threads = True
    answer: Any = b""


def main(words: int) -> None:
    """Serve until terminated."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.answer = answer(words)
        print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
