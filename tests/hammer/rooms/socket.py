"""A socket that answers each word with what it sees, entering the tenant inside each hop as every consumer must."""

from __future__ import annotations

import asyncio
from typing import Any

from collaboration.consumers.door import DoorConsumer
from nexod.kernel.hub import Message
from tenants.context import in_tenant
from tests.hammer.rooms import notes

PATH = "ws/hammer/"


class RoomConsumer(DoorConsumer):
    """Hears ``{"n": 1}``; tells ``{"n": 1, "seen": ...}``."""

    async def serve(self) -> None:
        """Look who is there, and wait for questions."""
        await in_tenant(self.tenant, self.caller)
        await asyncio.Event().wait()

    async def hear(self, message: dict[str, Any]) -> None:
        """Answer."""
        await self.tell(Message(n=message.get("n"), seen=await self.look()))

    async def look(self) -> Any:
        """Return what is here."""
        return await in_tenant(self.tenant, notes.read)
