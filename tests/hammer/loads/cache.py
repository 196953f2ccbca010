"""The cache: every tenant uses the same few names."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "cache", 14
SHELVES = 3


async def visit(visitor: Visitor) -> None:
    """Put the mark on a shelf and see what is taken from it."""
    await visitor.ask(f"/hammer/shelf?name={visitor.dice.randrange(SHELVES)}&mark={visitor.resident.mark}")
