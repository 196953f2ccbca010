"""Event streams of runs that have ended: replayed and closed."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "sse", 4


async def visit(visitor: Visitor) -> None:
    """Follow a stream to its end."""
    headers = visitor.headers(accept="text/event-stream")
    await visitor.ask(f"/api/v1/runs/{visitor.resident.ids['over']}/events", headers=headers)
