"""People who have their workspace open all the time: what they are told live is judged, message by message."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from tests.hammer.visitor import Interrupted, Town, Visitor

KIND, LISTENERS = "live", 12
AGAIN_S = 0.2


async def listen(town: Town, number: int) -> None:
    """Keep one tenant's socket open, and open it anew when it is closed."""
    visitor = Visitor(town, town.residents[number % len(town.residents)], KIND)
    while True:
        try:
            async with visitor.socket("/ws/workspace/") as opened:
                visitor.judge.asked(KIND)
                async for message in opened:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        _judge(visitor, message.data)
        except Interrupted:
            pass
        await asyncio.sleep(AGAIN_S)


def _judge(visitor: Visitor, text: str) -> None:
    kind = json.loads(text)["kind"]
    told = kind in ("presence", "run.finished")
    visitor.judge.read(KIND, visitor.resident.number, text, kind, expects_own=told)
