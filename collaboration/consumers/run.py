"""``/ws/runs/{id}/?after=<seq>``: a run as it happens."""

from __future__ import annotations

from typing import cast
from urllib.parse import parse_qs
from uuid import UUID

from collaboration.consumers.door import DoorConsumer
from nexod.kernel.errors import InvalidInput
from nexod.kernel.hub import Message
from tenants.context import in_tenant
from workflows import live

HEARTBEAT = Message(type="heartbeat")


class RunConsumer(DoorConsumer):
    """Tells ``{"seq", "type", "at", "data"}`` for each event and closes with 1000 when the run has ended.

    With ``?text=1`` also what models write, as they write it, and with ``?viewers=1`` who watches: ``{"type", "data"}`` without a
    number, which no client can go on from.
    """

    @property
    def run_id(self) -> UUID:
        """Return the run of the path."""
        return cast(UUID, self.scope["url_route"]["kwargs"]["run_id"])

    async def serve(self) -> None:
        """Follow the run from where the client stopped."""
        query = {name: values[0] for name, values in parse_qs(self.scope["query_string"].decode("latin1")).items()}
        after, asides = _after(query.get("after") or "0"), live.asides(query)
        await in_tenant(self.tenant, self.admit)
        async with self.looked_after(self.admit) as visit:
            watcher = (self.badge.user, self.name) if self.badge.session or "viewers" in asides else None
            async for page in live.follow(self.tenant, self.run_id, after=after, kind="websocket", watcher=watcher):
                told = [message for message in page if "seq" in message or message["type"] in asides]
                for message in told or (HEARTBEAT,):
                    await self.tell(message)
                    visit.moves()

    def admit(self) -> None:
        """Raise unless the caller may watch the run now. For use inside the tenant."""
        user, key = self.caller()
        self.name = str(user)
        live.admit(user, key, self.run_id)


def _after(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise InvalidInput("after is not a number of an event.")
    return int(given)
