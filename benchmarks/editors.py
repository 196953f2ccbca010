"""The people of ``coedit``: each has a document of its own and writes into one text; order on stdin, result as JSON on stdout."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import Any

import pycrdt
from websockets.asyncio.client import ClientConnection, connect

from collaboration.crdt import frames
from collaboration.crdt.reader import Reader

SETTLED_S = 30.0


class Editor:
    """One of them. What somebody writes is a mark of its own in a map, so that the others see when it comes."""

    def __init__(self, number: int, socket: ClientConnection, sent: dict[str, float], ms: list[float]) -> None:
        self.number, self.socket, self.sent, self.ms = number, socket, sent, ms
        self.document: pycrdt.Doc[Any] = pycrdt.Doc()
        self.text = self.document.get("text", type=pycrdt.Text)
        self.marks = self.document.get("marks", type=pycrdt.Map)
        self.marks.observe(self._seen)
        self.synced = asyncio.Event()

    def _seen(self, event: Any) -> None:
        now = time.monotonic()
        for mark in event.keys:
            at = self.sent.get(mark)
            if at is not None and not mark.startswith(f"{self.number}."):
                self.ms.append((now - at) * 1000)

    async def listen(self) -> None:
        await self.socket.send(frames.ask(self.document.get_state()))
        async for data in self.socket:
            assert isinstance(data, bytes)
            if data[0] == frames.Kind.SYNC and data[1] != frames.Step.ONE:
                self.document.apply_update(Reader(data[2:]).bytes())
                self.synced.set()

    async def write(self, per_s: float, until: float) -> int:
        dice, count = random.Random(self.number), 0
        await asyncio.sleep(dice.random() / per_s)
        while time.monotonic() < until:
            began = time.monotonic()
            before = self.document.get_state()
            with self.document.transaction():
                self.text.insert(dice.randint(0, len(self.text)), "word ")
                self.marks[mark := f"{self.number}.{count}"] = 1
            self.sent[mark] = time.monotonic()
            await self.socket.send(frames.change(self.document.get_update(before)))
            count += 1
            await asyncio.sleep(max(0.0, 1 / per_s - (time.monotonic() - began)))
        return count


async def measured(order: dict[str, Any]) -> dict[str, Any]:
    sent: dict[str, float] = {}
    ms: list[float] = []
    url = f"ws://{order['host']}:{order['port']}/ws/documents/{order['name']}"
    headers = {"authorization": f"Bearer {order['key']}"}
    sockets = [
        await connect(url, host="127.0.0.1", port=order["port"], additional_headers=headers, proxy=None, max_size=None)
        for _ in range(order["people"])
    ]
    editors = [Editor(number, socket, sent, ms) for number, socket in enumerate(sockets)]
    listening = [asyncio.create_task(editor.listen()) for editor in editors]
    await asyncio.gather(*(editor.synced.wait() for editor in editors))
    began = time.process_time()
    until = time.monotonic() + order["seconds"]
    counts = await asyncio.gather(*(editor.write(order["edits_per_s"], until) for editor in editors))
    cpu_s = time.process_time() - began
    converged = await _converged(editors, sum(counts))
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, *(socket.close() for socket in sockets), return_exceptions=True)
    return {"ms": ms, "edits": sum(counts), "converged": converged, "cpu_s": cpu_s}


async def _converged(editors: list[Editor], edits: int) -> bool:
    until = time.monotonic() + SETTLED_S
    while any(len(editor.marks) < edits for editor in editors) and time.monotonic() < until:
        await asyncio.sleep(0.05)
    return len({str(editor.text) for editor in editors}) == 1 and {len(editor.marks) for editor in editors} == {edits}


if __name__ == "__main__":
    json.dump(asyncio.run(measured(json.loads(sys.stdin.read()))), sys.stdout)
