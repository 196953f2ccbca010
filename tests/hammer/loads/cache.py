"""The cache: every tenant uses the same name."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "cache", 14


async def visit(visitor: Visitor) -> None:
    """Put the mark on a shelf and see what is taken from it."""
    await visitor.ask(f"/hammer/shelf?name=0&mark={visitor.resident.mark}")
