"""The rooms of one event loop: one per document, opened by the first who comes, for all who come meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary, WeakSet

from collaboration.crdt.room import Room
from collaboration.crdt.seat import Seat
from tenants.models import Tenant

Place = tuple[int, str]
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Place, asyncio.Task[Room]]] = WeakKeyDictionary()

_ever: WeakSet[Room] = WeakSet()


def are_empty() -> bool:
    """Say whether nobody is in any room of this process, and nothing is left to be done in them."""
    return all(room.is_tidy for room in list(_ever))


@asynccontextmanager
async def seated(tenant: Tenant, name: str, seat: Seat) -> AsyncIterator[Room]:
    """Let an editor be in the document's room inside the block; raise what keeps it from being opened, or RateLimited."""
    room = await _room(tenant, name)
    room.enter(seat)
    try:
        yield room
    finally:
        await asyncio.shield(room.leave(seat))


async def _room(tenant: Tenant, name: str) -> Room:
    rooms, place = _rooms.setdefault(asyncio.get_running_loop(), {}), (tenant.pk, name)
    while True:
        opening = rooms.get(place)
        if opening is None:
            opening = rooms[place] = asyncio.create_task(_opened(rooms, place, tenant))
        try:
            room = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_end_if_empty)
            raise
        if not room.is_over:
            return room


def _end_if_empty(opening: asyncio.Task[Room]) -> None:
    """Whoever was waited for may have been the only one to come, and nobody else would end the room."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().end_if_empty()


async def _opened(rooms: dict[Place, asyncio.Task[Room]], place: Place, tenant: Tenant) -> Room:
    def forget() -> None:
        rooms.pop(place, None)

    try:
        room = await Room(tenant, place[1], forget).open()
    except BaseException:
        forget()
        raise
    _ever.add(room)
    return room
