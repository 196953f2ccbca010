"""Vectors and words: all tenants ask the same question of texts that are alike but for the mark."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "search", 1
QUESTION = "the height of spring tides"


async def visit(visitor: Visitor) -> None:
    """Ask, by meaning or by another tenant's mark."""
    other = visitor.town.other_than(visitor.resident)
    base = visitor.resident.ids["knowledge_base"]
    query = {"query": visitor.dice.choice((QUESTION, f"tides {other.slug}")), "limit": 6}
    await visitor.ask(f"/api/v1/knowledge-bases/{base}/search", method="POST", json=query)
