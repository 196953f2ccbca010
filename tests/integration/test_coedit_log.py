"""What the log of a shared document says: whose each update is, in an order in which each can be applied, and how large all is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pycrdt
import pytest
from websockets.exceptions import ConnectionClosed

from collaboration.crdt import frames, rooms, settling, store
from collaboration.crdt.awareness import Person
from collaboration.crdt.seat import Seat
from collaboration.models import DocumentUpdate, SharedDocument
from nexod.kernel.errors import TooLarge, Unavailable
from tests.documents import editor, key, papers
from tests.integration.test_coedit_rooms import Held, true, writing

__all__ = ["key", "papers"]

PATIENCE_S = 60


def seat_of(stage, role: str) -> Seat:
    pk = stage.person("acme", role)
    return Seat(Person(str(pk), role), pk, may_write=True)


class Writers:
    """People who write into one text, each what builds on what was written before."""

    def __init__(self, count: int) -> None:
        self._documents = [pycrdt.Doc(client_id=1_000 + number) for number in range(count)]

    def write(self, number: int, text: str) -> frames.Change:
        document = self._documents[number]
        before = document.get_state()
        words = document.get("text", type=pycrdt.Text)
        words.insert(len(words), text)
        update = document.get_update(before)
        for other in self._documents:
            other.apply_update(update)
        return frames.Change(update)


async def test_a_batch_of_several_people_says_whose_each_update_is_in_their_order(stage, papers):
    """Each letter stands behind the one that somebody else wrote: in any other order one would wait for another."""
    name, tenant = await papers.make(), stage.tenant("acme")
    ann, bob, writers = seat_of(stage, "editor"), seat_of(stage, "admin"), Writers(2)
    async with rooms.seated(tenant, name, ann) as room, rooms.seated(tenant, name, bob):
        room.hear(ann, frames.Ask(b"\x00"))
        await true(lambda: ann.has_asked)
        for seat, number, letter in [(ann, 0, "a"), (ann, 0, "b"), (bob, 1, "c"), (ann, 0, "d")]:
            room.hear(seat, writers.write(number, letter))

    def kept() -> list[tuple[Any, str]]:
        document: pycrdt.Doc[Any] = pycrdt.Doc()
        found = []
        for author, update in DocumentUpdate.objects.filter(document__name=name).values_list("author", "update"):
            document.apply_update(bytes(update))
            found.append((author, str(document.get("text", type=pycrdt.Text))))
        return found

    assert await papers.within("acme", kept) == [(ann.author, "ab"), (bob.author, "abc"), (ann.author, "abcd")]


async def test_what_comes_within_25_ms_is_one_batch(stage, papers, monkeypatch):
    """Somebody types a sign a millisecond: there is one commit for each 25 ms, however fast the database is."""
    name, seat, writers, committed = await papers.make(), seat_of(stage, "editor"), Writers(1), []
    real, loop = store.append_edits, asyncio.get_running_loop()

    def append(name: str, edits: Any) -> Any:
        committed.append(loop.time())
        return real(name, edits)

    monkeypatch.setattr(store, "append_edits", append)
    async with rooms.seated(stage.tenant("acme"), name, seat) as room:
        room.hear(seat, frames.Ask(b"\x00"))
        await true(lambda: seat.has_asked)
        began = loop.time()
        for _ in range(200):
            room.hear(seat, writers.write(0, "x"))
            await asyncio.sleep(0.001)
        await room._desk.cleared()
        # What another batch is, is measured from its beginning to the next one's.
        assert len(committed) <= (loop.time() - began) / 0.025 + 2
        assert len(committed) >= 2, "nobody waits for the end of the typing"
    assert await papers.text(name) == "x" * 200


async def test_who_asks_many_times_at_once_is_answered_each_time_and_made_one_answer(stage, papers):
    name, seat = await papers.make(), seat_of(stage, "editor")
    await papers.write(name, "words " * 1_000)
    async with rooms.seated(stage.tenant("acme"), name, seat) as room:
        await true(lambda: seat._waiting)
        while seat._waiting:
            await seat.frame()
        for _ in range(20):
            room.hear(seat, frames.Ask(b"\x00"))
        answers = []
        async with asyncio.timeout(PATIENCE_S):
            while len(answers) < 20:
                frame = await seat.frame()
                assert frame is not None
                if frame[:2] == b"\x00\x01":
                    answers.append(frame)
        assert len(answers[0]) > 5_000
        assert set(answers[1:]) == {frames.answer(b"\x00\x00")}


async def test_who_asks_for_everything_again_and_again_is_refused_and_nobody_else(stage, papers, monkeypatch):
    name = await papers.make()
    await papers.write(name, "words " * 1_000)
    async with editor(stage, name) as good, editor(stage, name) as other:
        await good.sync()
        monkeypatch.setattr("collaboration.crdt.seat.ANSWERED_AT_ONCE", 20_000)
        monkeypatch.setattr("collaboration.crdt.seat.ANSWERED_PER_S", 1)
        async with editor(stage, name) as bad:
            await bad.sync()
            monkeypatch.undo()
            with suppress(ConnectionClosed):
                for _ in range(100):
                    await bad.send(frames.ask(b"\x00"))
                    while (await bad.hear())[:2] != b"\x00\x01":
                        pass
            await bad.closed()
            assert bad.socket.close_code == 4429
        await other.sync()
        await good.insert("after ")
        await other.until(lambda one: str(one.text).startswith("after "))


async def test_what_waits_for_a_database_that_does_not_answer_is_bounded(stage, papers, monkeypatch):
    name, seat, late = await papers.make(), seat_of(stage, "editor"), seat_of(stage, "admin")
    held = Held(monkeypatch)
    monkeypatch.setattr("collaboration.crdt.desk.ARRIVED_BYTES", 1_000)
    async with rooms.seated(stage.tenant("acme"), name, seat) as room, rooms.seated(stage.tenant("acme"), name, late):
        room.hear(seat, writing("first "))
        assert await asyncio.to_thread(held.reached.wait, PATIENCE_S)
        room.hear(seat, writing("x" * 1_500))
        with pytest.raises(Unavailable):
            room.hear(late, writing("one more "))
        held.go.set()
        await true(lambda: not room._desk._arrived)
        await room._desk.cleared()
        room.hear(late, writing("after all "))
    text = await papers.text(name)
    assert sorted((len(text), "one more" in text, "after all" in text)) == [False, True, 1_516]


async def test_how_large_a_document_is_is_known_again_after_lost_hints(stage, papers, monkeypatch):
    name, seat = await papers.make(), seat_of(stage, "editor")
    async with rooms.seated(stage.tenant("acme"), name, seat) as room:
        with monkeypatch.context() as silent:
            silent.setattr(store, "_publish", lambda *args: None)
            await papers.write(name, "x" * 5_000)
        await room._original.catch_up()
        kept = await papers.within("acme", lambda: SharedDocument.objects.get(name=name).size)
        assert kept > 5_000
        assert room._original._size == kept


async def test_many_changes_are_looked_at_once(stage, papers):
    """Somebody types for a second: what is wrong is told every half a second, not with every sign, and at the end."""
    name, said, loop = await papers.make(), list[dict[str, Any]](), asyncio.get_running_loop()
    document = settling.Settling(stage.tenant("acme"), name, said.append)
    began = loop.time()
    for number in range(50):
        await papers.write(name, f"{number} ")
        document.soon()
        await asyncio.sleep(0.01)
    await true(lambda: said and said[-1]["seq"] == 50)
    assert len(said) <= (loop.time() - began) / 0.5
    await document.close()


async def test_however_long_settling_takes_editors_are_told_again_soon(stage, papers, monkeypatch):
    monkeypatch.setattr(settling, "LONGEST_S", 0.01)
    name, said = await papers.make(), list[dict[str, Any]]()
    await papers.write(name, "words")
    document = settling.Settling(stage.tenant("acme"), name, said.append)
    document._took = 1_000.0
    document.soon()
    await true(lambda: said)
    await document.close()


async def test_what_a_database_that_was_set_back_has_lost_is_brought_again(stage, papers, key):
    """After a failover the newest commits may be gone. Whoever saw them still has them, and is asked for them."""
    name = await papers.make()

    def set_back() -> None:
        DocumentUpdate.objects.filter(document__name=name).delete()
        SharedDocument.objects.filter(name=name).update(last_seq=0)

    async with editor(stage, name) as a:
        await (await a.sync()).insert("seen")
        await a.until_saved()
        await papers.within("acme", set_back)
        assert await papers.text(name) == ""
        assert await a.closed() == 1013
        async with editor(stage, name) as again:
            await again.sync()
            await again.send(frames.answer(a.document.get_update()))
            await again.until_saved()
    assert await papers.text(name) == "seen"


async def test_a_change_of_the_server_that_is_too_large_is_not_kept(stage, papers, monkeypatch):
    name = await papers.make()
    await papers.write(name, "before")
    monkeypatch.setattr(store, "DOCUMENT_LIMIT", 10)
    with pytest.raises(TooLarge):
        await papers.write(name, "more")
    assert await papers.text(name) == "before"
