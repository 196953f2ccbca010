"""Clients that leave in the middle: of a view that works in a thread, of a stream, of a socket's answer."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "hasty", 3
LONGEST_S = 0.04


async def visit(visitor: Visitor) -> None:
    """Ask and be gone before, or shortly after, the answer begins."""
    await visitor.dice.choice((_view, _view, _stream, _socket))(visitor)


async def _view(visitor: Visitor) -> None:
    room = visitor.dice.choice(("rows?pause=0.03&", "trip?", "hold?seconds=0.03&", "shelf?name=0&"))
    try:
        async with asyncio.timeout(visitor.dice.random() * LONGEST_S):
            await visitor.ask(f"/hammer/{room}mark={visitor.resident.mark}")
    except TimeoutError:
        visitor.judge.good(visitor.kind)


async def _stream(visitor: Visitor) -> None:
    """A run that waits has a stream without end."""
    headers = visitor.headers(accept="text/event-stream")
    async with visitor.asking(f"/api/v1/runs/{visitor.resident.ids['run']}/events", headers=headers) as answer:
        first = await answer.content.readline()
        visitor.judge.read(visitor.kind, visitor.resident.number, first, "first line", expects_own=False)
        answer.close()


async def _socket(visitor: Visitor) -> None:
    async with visitor.socket("/ws/hammer/") as opened:
        visitor.judge.asked(visitor.kind)
        await opened.send_json({"n": 1})
        transport: aiohttp.client_reqrep.ClientResponse = opened._response
        transport.close()
        visitor.judge.good(visitor.kind)
