"""Runs that park at an approval and go on from their checkpoint when it is decided."""

from __future__ import annotations

import json

from tests.hammer.loads.engine import follow, start
from tests.hammer.visitor import Visitor

NAME, WEIGHT = "checkpoints", 0.25


async def visit(visitor: Visitor) -> None:
    """Start a run, wait until it asks, approve, and see what it remembers."""
    run = await start(visitor, "asking")
    seq = await follow(visitor, run, 0, "run.waiting")
    found = json.loads(await visitor.ask(f"/api/v1/runs/{run}"))
    if not found["pending_approvals"]:
        visitor.broke("the run waits for nobody")
    approval = found["pending_approvals"][0]
    await visitor.ask(f"/api/v1/approvals/{approval}")
    await visitor.ask(f"/api/v1/approvals/{approval}/decide", method="POST", json={"decision": "approve"})
    await follow(visitor, run, seq, "run.completed")
    await visitor.ask(f"/api/v1/runs/{run}/steps")
