"""Celery messages: through the product's queue by a view, and forged ones straight to the broker."""

from __future__ import annotations

import asyncio
from typing import Any

from nexod.kernel.queue import TENANT_HEADER
from tests.hammer.marks import NOBODY, mark
from tests.hammer.visitor import Visitor

NAME, WEIGHT = "celery", 3
TASK = "hammer.note"
FORGED = 0.3


async def visit(visitor: Visitor) -> None:
    """Send one message; each in a while it names no tenant, or none that may work."""
    if visitor.dice.random() > FORGED:
        await visitor.ask(f"/hammer/send?mark={visitor.resident.mark}")
    else:
        visitor.judge.asked(visitor.kind)
        await asyncio.to_thread(_forge, _false_headers(visitor))
        visitor.judge.good(visitor.kind)


def _false_headers(visitor: Visitor) -> dict[str, Any]:
    outcast = visitor.town.outcast.schema
    named = visitor.dice.choice((None, "", "public", "t_nobody", "t_template", outcast, [visitor.resident.schema], 1))
    return {} if named is None else {TENANT_HEADER: named}


def _forge(headers: dict[str, Any]) -> None:
    """Nothing may come of this, so whatever carries nobody's mark afterwards is a leak."""
    from nexod.celery import app

    app.send_task(TASK, kwargs={"mark": mark(NOBODY)}, queue="default", headers=headers)
