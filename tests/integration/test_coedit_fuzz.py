"""A thousand frames that nobody should send come to one document: its room goes on, and real clients have what the server has."""

from __future__ import annotations

import json
import random
from uuid import UUID

import pycrdt
import pytest

from collaboration.crdt import frames, rooms, store
from collaboration.crdt.awareness import Person
from collaboration.crdt.replica import clocks_of
from collaboration.crdt.room import Room
from collaboration.crdt.seat import Seat
from nexod.kernel.errors import NexodError
from tests.documents import editor, key, papers
from tests.yjs.junk import frame
from tests.yjs.node import node

__all__ = ["key", "papers"]

FRAMES = 1_000
HAS = """
const has = Y.decodeStateVector(Y.encodeStateVector(doc));
return has.size === Object.keys(want).length && [...has].every(([client, clock]) => want[client] === clock);
"""
pytestmark = pytest.mark.timeout(600)


class Hall:
    """A room to which anything is sent; who is shown out comes again as somebody new."""

    def __init__(self, room: Room, author: UUID) -> None:
        self._room, self._author = room, author
        self._seat = self._another()
        self.shown_out = 0

    async def take(self, data: bytes) -> None:
        if self._seat.is_refused:
            self.shown_out += 1
            await self.close()
            self._seat = self._another()
        try:
            self._seat.speak(len(data))
            self._room.hear(self._seat, frames.read(data))
        except NexodError as error:
            self._seat.refuse(error)
        await self._room._desk.cleared()

    async def close(self) -> None:
        await self._room.leave(self._seat)

    def _another(self) -> Seat:
        seat = Seat(Person(str(self._author), "Bad"), self._author, may_write=True)
        self._room.enter(seat)
        return seat


async def test_whatever_comes_everybody_elses_client_goes_on(stage, papers, key):
    name, author, dice = await papers.make(), stage.person("acme", "editor"), random.Random(9)
    keeper = Seat(Person(str(author), "Good"), author, may_write=True)
    async with node() as clients, editor(stage, name) as good:
        await good.sync()
        real = await clients.peer("real", stage.port, name, key=key)
        await (await real.synced()).run("provider.awareness.setLocalStateField('cursor', 1)")
        async with rooms.seated(stage.tenant("acme"), name, keeper) as room:
            hall = Hall(room, author)
            for _ in range(FRAMES):
                await hall.take(frame(dice))
            await hall.close()
            assert hall.shown_out > FRAMES / 5
            assert not room.is_over
            assert not keeper.is_refused
        await good.insert("after ")
        await real.until("return doc.getText('text').toString().startsWith('after ')")
        assert await real.closes() == []
        committed = await papers.within("acme", lambda: store.opened(name)[0])
        document: pycrdt.Doc = pycrdt.Doc()
        document.apply_update(committed)
        has = {str(client): clock for client, clock in clocks_of(document.get_state()).items()}
        await real.until(f"const want = {json.dumps(has)}; {HAS}")
        assert await real.run("return doc.getText('t').toString()") == str(document.get("t", type=pycrdt.Text))
        assert len(has) > 2, "some of it was taken"
