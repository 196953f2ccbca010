"""Files: uploaded, read by a worker, cut into chunks, given back."""

from __future__ import annotations

import json

import aiohttp

from tests.hammer.loads.search import QUESTION
from tests.hammer.visitor import Visitor

NAME, WEIGHT = "documents", 1.2
UPLOADS = 0.1


async def visit(visitor: Visitor) -> None:
    """Read a document in one of three ways; now and then bring a new one."""
    if visitor.dice.random() < UPLOADS:
        await _upload(visitor)
    else:
        path = visitor.dice.choice(("file", "chunks", ""))
        await visitor.ask(f"/api/v1/documents/{visitor.resident.ids['document']}/{path}".rstrip("/"))


async def _upload(visitor: Visitor) -> None:
    form = aiohttp.FormData()
    form.add_field("knowledge_base", visitor.resident.ids["knowledge_base"])
    text = f"# {visitor.tag()}\n\n{QUESTION} is known to {visitor.resident.mark}.\n"
    form.add_field("file", text.encode(), filename=f"{visitor.resident.mark}.md")
    made = json.loads(await visitor.ask("/api/v1/documents", method="POST", expects=(201,), data=form))
    await visitor.ask(f"/api/v1/documents/{made['id']}/file")
