"""Synchronous views that write and read marked rows: plainly, over psycopg alone, and through errors in transactions."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "sync views", 18
ROOMS = ("notes", "notes", "trip", "raw", "drawer")


async def visit(visitor: Visitor) -> None:
    """Ask for one of the rooms."""
    await visitor.ask(f"/hammer/{visitor.dice.choice(ROOMS)}?mark={visitor.resident.mark}")
