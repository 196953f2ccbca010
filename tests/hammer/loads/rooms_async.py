"""Asynchronous views: hops into the tenant with pauses between, while other tenants' views have their turn on the loop."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "async views", 10


async def visit(visitor: Visitor) -> None:
    """Ask for rows, stumble, or for a page of a run's events, which is the product's own asynchronous view."""
    turn = visitor.dice.random()
    if turn < 0.4:
        await visitor.ask("/hammer/rows")
    elif turn < 0.65:
        await visitor.ask(f"/hammer/tumble?mark={visitor.resident.mark}")
    else:
        await visitor.ask(f"/api/v1/runs/{visitor.resident.ids['over']}/events?limit=5")
