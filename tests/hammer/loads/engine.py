"""Runs: started over the API, done by a worker, followed live, read when they are over."""

from __future__ import annotations

import json

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "engine", 0.5


async def visit(visitor: Visitor) -> None:
    """Run the straight workflow."""
    run = await start(visitor, "straight")
    await follow(visitor, run, 0, "run.completed")
    await visitor.ask(f"/api/v1/runs/{run}")


async def start(visitor: Visitor, workflow: str) -> str:
    """Return the id of a new run whose input is the mark."""
    path = f"/api/v1/workflows/{visitor.resident.ids[workflow]}/runs"
    body = {"inputs": {"name": visitor.resident.mark}}
    return str(json.loads(await visitor.ask(path, method="POST", expects=(202,), json=body))["id"])


async def follow(visitor: Visitor, run: str, after: int, until: str) -> int:
    """Read the run's stream until an event of that type; return its number. The judge reads every line."""
    headers, path = visitor.headers(accept="text/event-stream"), f"/api/v1/runs/{run}/events?after={after}"
    heard, seq = b"", after
    async with visitor.asking(path, headers=headers) as answer:
        async for line in answer.content:
            heard += line
            if line.startswith(b"id: "):
                seq = int(line[4:])
            if line.strip() == f"event: {until}".encode():
                break
        else:
            visitor.judge.look(visitor.kind, visitor.resident.number, heard, "stream")
            visitor.broke(f"the stream ended before {until}")
    visitor.judge.read(visitor.kind, visitor.resident.number, heard, "stream", expects_own=False)
    return seq
