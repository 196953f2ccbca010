"""``/ws/documents/<kind>:<id>/``: what several people edit at once, as Yjs' y-websocket speaks it."""

from __future__ import annotations

import asyncio
from typing import cast

from collaboration.consumers.door import DoorConsumer
from collaboration.crdt import frames, rooms
from collaboration.crdt.awareness import Person
from collaboration.crdt.room import Room
from collaboration.crdt.seat import Seat
from collaboration.crdt.subjects import subject_of
from nexod.http.permissions import ScopeMissing
from nexod.kernel.errors import Conflict, NexodError
from nexod.observability.metrics import watchers
from tenants.accounts.permissions import require_permission
from tenants.context import in_tenant

# What takes longer to read than others should wait is read beside them.
AT_ONCE = 64 * 1024


class RightsChanged(Conflict):
    """What you may do here has changed: come again."""

    code = "rights_changed"


class DocumentConsumer(DoorConsumer):
    """Speaks binary frames only. Who may not write is answered and told everything, and closed when it changes something."""

    seat: Seat | None = None
    room: Room | None = None

    @property
    def name(self) -> str:
        """Return the document of the path."""
        return cast(str, self.scope["url_route"]["kwargs"]["name"])

    async def connect(self) -> None:
        """Open the socket; what comes before its seat is taken waits."""
        self._is_seated = asyncio.Event()
        await super().connect()

    async def serve(self) -> None:
        """Take a seat, and send what comes to it."""
        try:
            self.seat = await in_tenant(self.tenant, self.admit)
            async with (
                self.looked_after(self.admit_again) as visit,
                rooms.seated(self.tenant, self.name, self.seat) as self.room,
            ):
                self._is_seated.set()
                with watchers.labels("document").track_inprogress():
                    while True:
                        frame = await self.seat.frame()
                        if frame is None:
                            await self.room.bring_up_to_date(self.seat)
                            continue
                        await self.send(bytes_data=frame)
                        visit.moves()
        finally:
            self.room = None
            self._is_seated.set()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a frame; what is none ends the seat."""
        await self._is_seated.wait()
        if self.room is None or self.seat is None or self.seat.is_refused:
            return
        try:
            data = bytes_data or b""
            self.seat.speak(len(data))
            frame = frames.read(data) if len(data) < AT_ONCE else await asyncio.to_thread(frames.read, data)
            if self.room is not None:
                self.room.hear(self.seat, frame)
        except NexodError as error:
            self.seat.refuse(error)

    def admit(self) -> Seat:
        """Return a seat for the caller; raise unless it may read the document. For use inside the tenant."""
        user, key = self.caller()
        if key is not None and "read" not in key.scopes:
            raise ScopeMissing("This needs an API key with the scope read.", details={"scope": "read"})
        subject, pk = subject_of(self.name)
        require_permission(user, subject.read)
        subject.require(pk)
        may_write = user.has_perm(subject.write) and (key is None or "write" in key.scopes)
        return Seat(Person(str(user.pk), str(user)), user.pk, may_write=may_write)

    def admit_again(self) -> None:
        """Raise unless the caller may do exactly what it might before. For use inside the tenant."""
        now = self.admit()
        if self.seat is not None and now.may_write != self.seat.may_write:
            self.seat.may_write = False
            raise RightsChanged
