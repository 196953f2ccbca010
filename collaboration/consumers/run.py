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
    """Tells ``{"seq", "type", "at", "data"}`` for each event and closes with 1000 when the run has ended."""

    @property
    def run_id(self) -> UUID:
        """Return the run of the path."""
        return cast(UUID, self.scope["url_route"]["kwargs"]["run_id"])

    async def serve(self) -> None:
        """Follow the run from where the client stopped."""
        after = _after(self.scope["query_string"])
        await in_tenant(self.tenant, self.admit)
        async for page in live.follow(self.tenant, self.run_id, after=after, kind="websocket", still=self.admit):
            for message in page or (HEARTBEAT,):
                await self.tell(message)

    def admit(self) -> None:
        """Raise unless the caller may watch the run now. For use inside the tenant."""
        live.admit(*self.caller(), self.run_id)


def _after(query: bytes) -> int:
    given = parse_qs(query.decode("latin1")).get("after", ["0"])[0]
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise InvalidInput("after is not a number of an event.")
    return int(given)
