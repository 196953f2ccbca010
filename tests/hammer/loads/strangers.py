"""Whoever comes with what is another tenant's: its ids, its key, its cookie, or the key of one that is suspended."""

from __future__ import annotations

from collections.abc import Sequence

from tests.hammer.resident import Resident
from tests.hammer.visitor import Visitor

NAME, WEIGHT = "strangers", 3


async def visit(visitor: Visitor) -> None:
    """Try one of them; whatever opens is a leak."""
    other = visitor.town.other_than(visitor.resident)
    await visitor.dice.choice((_ids, _key, _cookie, _outcast))(visitor, other)


async def _ids(visitor: Visitor, other: Resident) -> None:
    path, name = visitor.dice.choice(
        (("runs", "over"), ("documents", "document"), ("agents", "agent"), ("users", "user"))
    )
    await _refused(visitor, other, f"/api/v1/{path}/{other.ids[name]}", (404,), visitor.headers())


async def _key(visitor: Visitor, other: Resident) -> None:
    headers = visitor.headers(authorization=f"Bearer {other.key}")
    await _refused(visitor, other, "/api/v1/runs", (401,), headers)


async def _cookie(visitor: Visitor, other: Resident) -> None:
    headers = visitor.headers(authorization="", cookie=other.cookie)
    await _refused(visitor, other, "/admin/workflows/run/", (302,), headers)


async def _outcast(visitor: Visitor, other: Resident) -> None:
    outcast = visitor.town.outcast
    visitor = Visitor(visitor.town, outcast, visitor.kind)
    await _refused(visitor, outcast, "/api/v1/runs", (403,), visitor.headers())


async def _refused(
    visitor: Visitor, other: Resident, path: str, expects: Sequence[int], headers: dict[str, str]
) -> None:
    async with visitor.asking(path, headers=headers) as answer:
        text = await answer.read()
    where = f"{other.slug}'s way to {path.rpartition('/')[0]}"
    if answer.status == 200:
        visitor.judge.leak(visitor.kind, visitor.resident.number, other.number, where)
    elif answer.status in expects:
        visitor.judge.read(visitor.kind, visitor.resident.number, text, where, expects_own=False)
    else:
        visitor.judge.look(visitor.kind, visitor.resident.number, text, where)
        visitor.broke(f"{answer.status} as a stranger")
