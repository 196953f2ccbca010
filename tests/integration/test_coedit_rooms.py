"""A room's own moments: opened for nobody, failing in the middle, left while somebody still speaks. Driven without sockets."""

from __future__ import annotations

import asyncio
import threading

import pycrdt
import pytest
from django.db import OperationalError

from collaboration.crdt import frames, rooms, store
from collaboration.crdt.awareness import Person
from collaboration.crdt.seat import Seat
from nexod.kernel import topics
from nexod.kernel.errors import Unavailable
from nexod.kernel.hub import hub_of_loop
from tests.documents import editor, key, papers

__all__ = ["key", "papers"]

PATIENCE_S = 60


@pytest.fixture
def author(stage):
    return stage.person("acme", "editor")


@pytest.fixture
def seat(author):
    return Seat(Person(str(author), "Ann"), author, may_write=True)


def writing(text: str) -> frames.Change:
    """A change by a client that has nothing yet."""
    document: pycrdt.Doc = pycrdt.Doc()
    document.get("text", type=pycrdt.Text).insert(0, text)
    return frames.Change(document.get_update())


async def true(said) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not said():
            await asyncio.sleep(0.02)


class Held:
    """Commits that wait until they are let go, and then fail if ``error`` says so."""

    def __init__(self, monkeypatch) -> None:
        self.reached, self.go, self.error = threading.Event(), threading.Event(), None
        real = store.append_edits

        def append(name, edits):
            self.reached.set()
            assert self.go.wait(PATIENCE_S)
            if self.error is not None:
                raise self.error
            return real(name, edits)

        monkeypatch.setattr(store, "append_edits", append)


async def test_a_room_that_opens_for_somebody_who_is_gone_by_then_ends(stage, papers, seat, monkeypatch):
    name, real = await papers.make(), store.parts
    reached, go = threading.Event(), threading.Event()

    def parts(name):
        reached.set()
        assert go.wait(PATIENCE_S)
        return real(name)

    monkeypatch.setattr(store, "parts", parts)
    coming = asyncio.create_task(rooms.seated(stage.tenant("acme"), name, seat).__aenter__())
    assert await asyncio.to_thread(reached.wait, PATIENCE_S)
    opening = rooms._rooms[asyncio.get_running_loop()][stage.tenant("acme").pk, name]
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)
    go.set()
    room = await opening
    await true(lambda: room.is_tidy)


async def test_people_of_one_process_share_a_room_and_a_subscription(stage, papers, seat, author):
    name, tenants = await papers.make("acme", "globex"), [stage.tenant("acme"), stage.tenant("globex")]
    more = [Seat(seat.person, author, may_write=True) for _ in range(2)]
    async with (
        rooms.seated(tenants[0], name, seat) as ours,
        rooms.seated(tenants[0], name, more[0]) as also_ours,
        rooms.seated(tenants[1], name, more[1]) as theirs,
    ):
        assert ours is also_ours is not theirs
        inboxes = hub_of_loop()._inboxes
        assert [len(inboxes[topics.document_topic(tenant.pk, name)]) for tenant in tenants] == [1, 1]


async def test_who_has_left_is_not_heard_any_more(stage, papers, seat, monkeypatch):
    """Leaving waits for what was sent before. Who goes on sending would never be gone, and would be heard all the time."""
    name, held = await papers.make(), Held(monkeypatch)
    async with rooms.seated(stage.tenant("acme"), name, seat) as room:
        room.hear(seat, writing("before"))
        assert await asyncio.to_thread(held.reached.wait, PATIENCE_S)
        leaving = asyncio.create_task(room.leave(seat))
        await asyncio.sleep(0)
        room.hear(seat, writing("after"))
        held.go.set()
        async with asyncio.timeout(PATIENCE_S):
            await leaving
        room._audience.enter(seat)  # the block lets it leave again
    assert await papers.text(name) == "before"


async def test_who_still_speaks_when_the_room_has_failed_can_leave(stage, papers, seat, monkeypatch):
    name, held = await papers.make(), Held(monkeypatch)
    held.error = OperationalError("gone")
    held.go.set()
    async with asyncio.timeout(PATIENCE_S):
        async with rooms.seated(stage.tenant("acme"), name, seat) as room:
            room.hear(seat, writing("lost"))
            await true(lambda: room.is_over)
            assert seat.is_refused
            room.hear(seat, writing("too late"))
        await true(lambda: room.is_tidy)
    assert await papers.text(name) == ""


async def test_what_could_not_be_committed_is_shown_to_nobody(stage, papers, seat, author, monkeypatch):
    """Somebody who reads slowly waits to be brought up to date while the commit of another's change fails."""
    name, held = await papers.make(), Held(monkeypatch)
    slow = Seat(Person(str(author), "Ben"), author, may_write=True)
    tenant = stage.tenant("acme")
    async with rooms.seated(tenant, name, seat) as room, rooms.seated(tenant, name, slow):
        held.error = OperationalError("gone")
        room.hear(seat, writing("never kept"))
        assert await asyncio.to_thread(held.reached.wait, PATIENCE_S)
        catching_up = asyncio.create_task(room.bring_up_to_date(slow))
        await asyncio.sleep(0)
        held.go.set()
        with pytest.raises(Unavailable):
            await catching_up
        assert not any(b"never kept" in frame for frame in slow._waiting)


async def test_a_commit_whose_answer_is_lost_is_read_from_the_table(stage, papers, seat, key, monkeypatch):
    """It is committed, but neither its room nor any other process hears so. The others see it all the same, once."""
    name, real, lost = await papers.make(), store.append_edits, []

    def append(name, edits):
        if lost:
            return real(name, edits)
        lost.append(True)
        with monkeypatch.context() as silent:
            silent.setattr(store, "_publish", lambda *args: None)
            real(name, edits)
        raise OperationalError("the line broke after COMMIT")

    async with editor(stage, name) as elsewhere:
        await elsewhere.sync()
        monkeypatch.setattr(store, "append_edits", append)
        change = writing("kept")
        async with rooms.seated(stage.tenant("acme"), name, seat) as room:
            room.hear(seat, change)
            await true(lambda: room.is_over)
            assert seat.is_refused
        await elsewhere.until(lambda one: str(one.text) == "kept")
        again = Seat(seat.person, seat.author, may_write=True)
        async with rooms.seated(stage.tenant("acme"), name, again) as room:
            room.hear(again, change)
            room.hear(again, frames.Ask(b"\x00"))
            await true(lambda: again.has_asked)
    assert await papers.text(name) == "kept"
    assert len((await papers.within("acme", lambda: store.parts(name)))[0]) == 2, "what was known was not kept again"


async def test_a_lost_hint_is_noticed_although_others_never_stop_talking(stage, papers, key, monkeypatch):
    """Awareness of other processes comes all the time: there is no silence in which the table would be asked."""
    name, tenant = await papers.make(), stage.tenant("acme")

    async def talk() -> None:
        topic, clock = topics.document_topic(tenant.pk, name), 0
        while True:
            clock += 1
            topics.tell(topic, {"states": [[9, clock, "{}", "somebody"]], "from": "elsewhere"})
            await asyncio.sleep(0.2)

    async with editor(stage, name) as a:
        await a.sync()
        talking = asyncio.create_task(talk())
        try:
            with monkeypatch.context() as silent:
                silent.setattr(store, "_publish", lambda *args: None)
                await papers.write(name, "unheard")
            async with asyncio.timeout(PATIENCE_S):
                await a.until(lambda a: str(a.text) == "unheard")
        finally:
            talking.cancel()


async def test_a_log_that_cannot_be_compacted_shows_nobody_out(stage, papers, seat, monkeypatch):
    monkeypatch.setattr("collaboration.crdt.original.LOG_ROWS", 0)
    tried = threading.Event()

    def compact(*args):
        tried.set()
        raise OperationalError("too busy")

    monkeypatch.setattr(store, "compact", compact)
    name = await papers.make()
    async with rooms.seated(stage.tenant("acme"), name, seat) as room:
        room.hear(seat, writing("one"))
        assert await asyncio.to_thread(tried.wait, PATIENCE_S)
        await true(lambda: not any("_compact" in str(task) for task in room._works))
        assert not room.is_over
        room.hear(seat, writing("two"))
    assert sorted(await papers.text(name)) == sorted("onetwo")
