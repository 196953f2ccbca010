"""The REST API, read and written by programs: REST framework's views, in threads."""

from __future__ import annotations

from tests.hammer.visitor import Visitor

NAME, WEIGHT = "http sync", 12
LISTS = (
    "me",
    "runs?limit=3",
    "workflows",
    "agents",
    "crews",
    "knowledge-bases?limit=3",
    "notifications?limit=3",
    "users",
)
ROWS = {
    "agents": "agent",
    "workflows": "workflow",
    "crews": "crew",
    "runs": "run",
    "approvals": "approval",
    "artifacts": "artifact",
    "documents": "document",
    "api-keys": "api_key",
    "model-connections": "connection",
}


async def visit(visitor: Visitor) -> None:
    """Read a list or a row, or change one; a fixed name and key make all tenants' writes look alike."""
    turn = visitor.dice.random()
    if turn < 0.1:
        await _change(visitor)
    elif turn < 0.4:
        await visitor.ask(f"/api/v1/{visitor.dice.choice(LISTS)}")
    else:
        name = visitor.dice.choice(tuple(ROWS))
        await visitor.ask(f"/api/v1/{name}/{visitor.resident.ids[ROWS[name]]}")


async def _change(visitor: Visitor) -> None:
    """Every tenant uses the same keys: an answer that is replayed must be its own."""
    headers = visitor.headers(idempotency_key=f"hammer-{visitor.dice.randrange(10)}")
    body = {"name": f"Base {visitor.resident.mark}"}
    await visitor.ask("/api/v1/knowledge-bases", method="POST", expects=(201, 409), headers=headers, json=body)
