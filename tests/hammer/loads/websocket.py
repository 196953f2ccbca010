"""Web sockets: a run's, the workspace's, and a room that answers questions; each exchange is a request."""

from __future__ import annotations

import asyncio
import json

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "websocket", 6
QUESTIONS = 16
PATIENCE_S = 10


async def visit(visitor: Visitor) -> None:
    """Open one of the three."""
    await visitor.dice.choice((_room, _room, _run, _workspace))(visitor)


async def _room(visitor: Visitor) -> None:
    """Ask a question a few times, with pauses in which other tenants' sockets are served by the same threads."""
    async with visitor.socket("/ws/hammer/") as opened:
        for number in range(QUESTIONS):
            await opened.send_json({"n": number})
            await _heard(visitor, opened, "answer")
            await asyncio.sleep(visitor.dice.random() * 0.02)


async def _run(visitor: Visitor) -> None:
    """Have a run that is over replayed."""
    async with visitor.socket(f"/ws/runs/{visitor.resident.ids['over']}/") as opened:
        await _heard(visitor, opened, "event")


async def _workspace(visitor: Visitor) -> None:
    """Arrive, be told who is here, and say which page is open."""
    async with visitor.socket("/ws/workspace/") as opened:
        await _heard(visitor, opened, "presence")
        await opened.send_json({"kind": "here", "page": f"/{visitor.resident.mark}"})


async def _heard(visitor: Visitor, opened, what: str) -> str:  # type: ignore[no-untyped-def]
    visitor.judge.asked(visitor.kind)
    message = await opened.receive(timeout=PATIENCE_S)
    if not isinstance(message.data, str):
        visitor.broke(f"closed with {message.data} before its {what}")
    visitor.judge.read(visitor.kind, visitor.resident.number, message.data, what)
    return json.loads(message.data)
