"""Who sits in one room, and what is sent to all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from collaboration.crdt import frames, presence
from collaboration.crdt.seat import Seat
from nexod.kernel.errors import NexodError, RateLimited
from tenants.models import Tenant

SEATS_LIMIT = 200


class Audience:
    """The editors of one document in this process."""

    def __init__(self, tenant: Tenant, name: str) -> None:
        self._tenant, self._name = tenant, name
        self._seats: dict[str, Seat] = {}
        self._gone: set[presence.Editor] = set()
        self._counting = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._seats)

    def __contains__(self, seat: Seat) -> bool:
        return seat.id in self._seats

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def enter(self, seat: Seat) -> None:
        """Let an editor in; raise RateLimited when there are too many."""
        if len(self._seats) >= SEATS_LIMIT:
            raise RateLimited("Too many edit this document at the moment.", details={"limit": SEATS_LIMIT})
        self._seats[seat.id] = seat

    def leave(self, seat: Seat) -> None:
        """Let an editor go."""
        del self._seats[seat.id]
        self._gone.add(_editor(seat))

    def send(self, frame: bytes) -> None:
        """Send a frame to everybody."""
        for seat in self:
            seat.put(frame)

    def relay(self, update: bytes, vector: bytes) -> None:
        """Send what is committed now to everybody who has asked for the rest; ``vector`` says what was committed before."""
        frame = frames.change(update)
        for seat in self:
            if seat.has_asked:
                seat.put(frame, vector)

    def refuse(self, error: NexodError) -> None:
        """Show everybody out."""
        for seat in self:
            seat.refuse(error)

    async def count(self) -> None:
        """Let other processes know who is here: one count after the other, or who went and came again would stay away."""
        async with self._counting:
            here = {_editor(seat) for seat in self}
            gone, self._gone = self._gone - here, set()
            await asyncio.to_thread(presence.count, self._tenant.pk, self._name, here, gone)


def _editor(seat: Seat) -> presence.Editor:
    return presence.Editor(seat.person.id, seat.person.name, seat.may_write)
