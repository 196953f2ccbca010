"""``python -m benchmarks.audience``: many watchers of runs in one process, over SSE and WebSocket, who note when bytes arrive.

It reads one line of JSON, {"port", "host", "key", "runs": {run: watchers}}; says ``ready`` when all have heard their
run's first event; and when its input ends writes {run: {kind: {seq: [seconds of the machine's monotonic clock]}}}.
Raw protocols: real clients would cost more time than what is measured.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import time
from collections import defaultdict
from typing import Any

SEQ = re.compile(rb'"seq": (\d+)')
PING, PONG = 0x89, 0x8A
AT_ONCE = 20
READY_S = 90


class Watcher(asyncio.Protocol):
    """One connection to one run."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.heard: dict[int, float] = {}
        self.first = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for found in SEQ.finditer(data):
            self.heard.setdefault(int(found[1]), now)
        if data[0] == PING:
            self._transport.write(bytes([PONG, 0x80 | data[1], 0, 0, 0, 0]) + data[2 : 2 + data[1]])
        if self.heard and not self.first.done():
            self.first.set_result(None)


def _request(kind: str, run: str, order: dict[str, Any]) -> bytes:
    """Return what opens the stream."""
    head = f"Host: {order['host']}\r\nAuthorization: Bearer {order['key']}\r\nX-Forwarded-Proto: https\r\n"
    if kind == "sse":
        return f"GET /api/v1/runs/{run}/events HTTP/1.1\r\n{head}Accept: text/event-stream\r\n\r\n".encode()
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    return f"GET /ws/runs/{run}/ HTTP/1.1\r\n{head}{upgrade}\r\n".encode()


async def _attend(order: dict[str, Any]) -> dict[str, Any]:
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def come(kind: str, run: str) -> Watcher:
        async with gate, asyncio.timeout(READY_S):
            watcher = Watcher(_request(kind, run, order))
            await loop.create_connection(lambda: watcher, "127.0.0.1", order["port"])
            await watcher.first
        return watcher

    seats = [(("sse", "ws")[seat % 2], run) for run, watchers in order["runs"].items() for seat in range(watchers)]
    watchers = await asyncio.gather(*(come(*seat) for seat in seats))
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    return _told(seats, watchers)


def _told(seats: list[tuple[str, str]], watchers: list[Watcher]) -> dict[str, Any]:
    told: dict[str, Any] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for (kind, run), watcher in zip(seats, watchers, strict=True):
        for seq, at in watcher.heard.items():
            told[run][kind][seq].append(at)
    return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_attend(json.loads(sys.stdin.readline())))), flush=True)
