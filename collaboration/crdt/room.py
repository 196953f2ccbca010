"""The people of one process who edit one document: what they change is committed first, then everybody sees it.

Here is how a room begins, listens to other processes, and ends; who sits in it is in ``audience``, what they edit in ``original``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from django.db import DatabaseError

from collaboration.crdt import frames, presence
from collaboration.crdt.audience import Audience
from collaboration.crdt.desk import Desk
from collaboration.crdt.frames import Frame, Query, Said
from collaboration.crdt.original import Original
from collaboration.crdt.seat import Seat
from collaboration.crdt.settling import Settling
from collaboration.crdt.voices import Voices
from nexod.kernel import topics
from nexod.kernel.errors import NexodError, NotFound, Unavailable
from nexod.kernel.hub import Inbox, Message, hub_of_loop
from tenants.models import Tenant

# Messages between processes are hints; what was certain so long ago is asked of the table.
SILENCE_S = 5.0
logger = logging.getLogger(__name__)


class Room:
    """``open`` it, then let editors ``enter``, ``hear`` them, and let them ``leave``; the last one ends it."""

    def __init__(self, tenant: Tenant, name: str, ended: Callable[[], None]) -> None:
        self.tenant, self.name, self.is_over, self.is_tidy = tenant, name, False, False
        self._topic = topics.document_topic(tenant.pk, name)
        self._ended = ended
        self._audience = Audience(tenant, name)
        self._voices = Voices(self._topic, self._audience.send)
        self._settling = Settling(tenant, name, lambda said: self._voices.serve(said, everywhere=True))
        self._original = Original(tenant, name, self._audience, self._begin, self._settling.soon)
        self._desk = Desk(self._original)
        self._tasks: list[asyncio.Task[None]] = []
        self._works: set[asyncio.Task[None]] = set()

    async def open(self) -> Room:
        """Read the document and begin to listen; raise NotFound, Unavailable or what else keeps it from being read."""
        self._inbox: Inbox = await hub_of_loop().join(self._topic)
        try:
            await self._original.load()
        except BaseException:
            await hub_of_loop().leave(self._topic, self._inbox)
            raise
        self._tasks = [self._begin(work) for work in (self._desk.work(), self._listen(), self._tend())]
        self._voices.ask()
        self._settling.soon()
        return self

    def enter(self, seat: Seat) -> None:
        """Let an editor in; raise RateLimited when there are too many."""
        self._audience.enter(seat)
        self._desk.ask(seat)
        self._voices.greet(seat)
        self._begin(self._audience.count())

    async def leave(self, seat: Seat) -> None:
        """Let an editor go, when everything that it sent is committed."""
        self._audience.leave(seat)
        self._voices.leave(seat)
        self._begin(self._audience.count())
        if not self._audience:
            await self._desk.cleared()
        self.end_if_empty()

    def end_if_empty(self) -> None:
        """End the room when nobody is in it: who comes now is led to another one."""
        if not self._audience and not self.is_over:
            self._end()

    def hear(self, seat: Seat, frame: Frame) -> None:
        """Take what an editor sends; raise what it is refused for. Who has left, or is left by the room, is not heard."""
        if self.is_over or seat not in self._audience:
            return
        if isinstance(frame, Said):
            self._voices.hear(seat, frame.states)
        elif isinstance(frame, Query):
            seat.owe(self._voices.greet(seat))
        else:
            self._desk.take(seat, frame)

    async def bring_up_to_date(self, seat: Seat) -> None:
        """Send an editor what was thrown away because it did not read; raise Unavailable when the room has failed."""
        async with self._original.turn():
            self._original.answer(seat, seat.vector)
        self._voices.greet(seat)

    async def _listen(self) -> None:
        while True:
            message = await self._inbox.get(SILENCE_S)
            if message is None:
                self._voices.ask()
                await self._original.catch_up()
            else:
                await self._heed(message)
            # Where others talk all the time there is no silence in which a lost hint would be noticed.
            if self._original.known_for_s > SILENCE_S:
                await self._original.catch_up()

    async def _heed(self, message: Message) -> None:
        if "gone" in message:
            raise NotFound("The document is gone.")
        if "seq" in message:
            await self._original.follow(message)
        else:
            self._voices.relay(message)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(presence.BEAT_S)
            # Stock clients come anew when they hear nothing for half a minute.
            self._audience.send(frames.said(()))
            self._voices.serve()
            self._voices.expire()
            self._begin(self._audience.count())

    def _end(self) -> None:
        self.is_over = True
        self._ended()
        for task in self._tasks:
            task.cancel()
        self._desk.give_up()
        self._voices.close()
        self._begin(self._tidy())

    async def _tidy(self) -> None:
        try:
            await hub_of_loop().leave(self._topic, self._inbox)
            await self._settling.close()
        finally:
            self.is_tidy = True

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._failed)
        return task

    def _failed(self, task: asyncio.Task[None]) -> None:
        """Show everybody out when some of the room's work failed; they come back to a new one, which reads what is committed."""
        self._works.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NexodError | DatabaseError):
            logger.error("A room failed in a way that nobody foresaw", exc_info=error)
        if error is None or self.is_over:
            return
        self._audience.refuse(error if isinstance(error, NexodError) else Unavailable("Come again in a moment."))
        self._end()
