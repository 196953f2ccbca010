"""Watchers that speak the raw protocols, notice every event, and come back where they stopped: hundreds of them in one process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

WORST_WAIT_S = 1.0


@dataclass
class Place:
    """Where a watcher watches what, and as whom: ``headers`` are an Authorization or a Cookie."""

    slug: str
    run: UUID
    headers: dict[str, str]
    query: str = ""


@dataclass
class Viewer:
    """One client of SSE or WebSocket. It keeps its place by the number of the last event, as browsers do."""

    kind: str
    place: Place
    ports: list[int]
    seen: list[int] = field(default_factory=list)
    at: dict[int, float] = field(default_factory=dict)
    asides: list[dict[str, Any]] = field(default_factory=list)
    came: int = 0
    ended: tuple[int, str] | dict[str, Any] | None = None
    """The code and reason with which a socket was closed, or the error with which a stream ended."""
    _writer: asyncio.StreamWriter | None = None

    async def watch(self, *, until: str = "run.completed") -> None:
        """Watch until that event was seen, coming back whenever the line is cut, to whichever process answers."""
        while not (self.ended or (self.seen and self._last == until)):
            try:
                await self.attend()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)
            self.ports = [*self.ports[1:], self.ports[0]]

    async def attend(self) -> None:
        """Watch once, until the line ends."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.ports[0])
        self.came += 1
        try:
            self._writer.write(self._request())
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            if status not in (101, 200):
                raise OSError(f"Refused with {status}")
            await (self._sockets if status == 101 else self._stream)(reader)
        finally:
            self._writer.close()

    def cut(self) -> None:
        """Lose the line, as a train does in a tunnel."""
        if self._writer is not None:
            self._writer.transport.abort()

    @property
    def last(self) -> int:
        return self.seen[-1] if self.seen else 0

    _last = ""

    def _request(self) -> bytes:
        given = {"Host": f"{self.place.slug}.test", **self.place.headers}
        if self.kind == "sse":
            path, version = f"/api/v1/runs/{self.place.run}/events?{self.place.query}", "1.1"
            given |= {"Accept": "text/event-stream", "Connection": "close", "Last-Event-ID": str(self.last)}
        else:
            path, version = f"/ws/runs/{self.place.run}/?after={self.last}&{self.place.query}", "1.1"
            key = base64.b64encode(os.urandom(16)).decode()
            given |= {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
            given |= {"Sec-WebSocket-Key": key}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return f"GET {path} HTTP/{version}\r\n{lines}\r\n".encode()

    async def _stream(self, reader: asyncio.StreamReader) -> None:
        while True:
            block = (await reader.readuntil(b"\n\n")).decode()
            # A chunk holds whole frames, so its size stands on a line of its own.
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1].isalpha() and ": " in line)
            if fields.get("event") == "error":
                self.ended = json.loads(fields["data"])
                return
            if "data" in fields:
                self._hear(json.loads(fields["data"]))

    async def _sockets(self, reader: asyncio.StreamReader) -> None:
        while True:
            first, length = await reader.readexactly(2)
            if length >= 126:
                size = 2 if length == 126 else 8
                length = int.from_bytes(await reader.readexactly(size))
            data = await reader.readexactly(length)
            if first == 0x89:
                assert self._writer is not None
                self._writer.write(bytes([0x8A, 0x80 | len(data), 0, 0, 0, 0]) + data)
            elif first == 0x88:
                code = struct.unpack("!H", data[:2])[0] if data else 1005
                if code not in (1000, 1005, 1012):
                    self.ended = code, data[2:].decode()
                return
            else:
                self._hear(json.loads(data))

    def _hear(self, message: dict[str, Any]) -> None:
        if "seq" not in message:
            self.asides.append(message)
            return
        self.seen.append(message["seq"])
        self.at[message["seq"]] = time.monotonic()
        self._last = message["type"]
