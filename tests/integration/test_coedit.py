"""People edit one document at once: real Yjs clients against the real application."""

from __future__ import annotations

import asyncio
import json
import random

import pycrdt
import pytest

from collaboration.crdt import presence, store
from collaboration.models import DocumentUpdate, SharedDocument
from tests.documents import editor, key, papers, text_of
from tests.yjs.node import Node, Peer, node

__all__ = ["key", "papers"]

ROUNDS = 20


async def peers(clients: Node, count: int, *where) -> list[Peer]:
    port, name, key = where
    return [await clients.peer(f"{name} {number}", port, name, key=key) for number in range(count)]


async def alike(found: list[Peer], words: int) -> str:
    """Wait until all have that many words, and return the text, which is everybody's."""
    for peer in found:
        await peer.until(f"return doc.getText('text').toString().split(' ').length === {words + 1}")
    texts = {await peer.text() for peer in found}
    assert len(texts) == 1
    return texts.pop()


async def test_what_one_writes_others_read(stage, papers, key):
    name = await papers.make()
    async with node() as clients:
        a, b = await peers(clients, 2, stage.port, name, key)
        await a.synced()
        await b.synced()
        await a.insert(0, "Hello")
        await b.reads("Hello")
        await b.insert(5, " world")
        await a.reads("Hello world")
    assert await papers.text(name) == "Hello world"


async def test_six_open_a_new_document_at_the_same_instant(stage, papers, key):
    """Each writes a word as soon as it is there; every round is a new document."""
    async with node() as clients:
        for _ in range(ROUNDS):
            name = await papers.make()
            six = await peers(clients, 6, stage.port, name, key)
            await asyncio.gather(*(peer.insert(0, f"{number} ") for number, peer in enumerate(six)))
            text = await alike(six, 6)
            assert sorted(text.split()) == list("012345")
            first = await six[0].run("return JSON.stringify(doc.getMap('nodes'))")
            assert {await peer.run("return JSON.stringify(doc.getMap('nodes'))") for peer in six} == {first}
            assert len(json.loads(first)) == 3, "the document begins with the draft, once"
            assert await papers.text(name) == text
            await asyncio.gather(*(peer.leave() for peer in six))


@pytest.mark.parametrize("seed", [1, 2])
async def test_everybody_has_the_same_after_random_edits_and_cut_lines(stage, papers, key, seed):
    name, dice = await papers.make(), random.Random(seed)
    async with node() as clients:
        found = await peers(clients, 5, stage.port, name, key)
        await found[0].synced()
        for number in range(120):
            peer = dice.choice(found)
            if dice.random() < 0.1:
                await peer.run("provider.disconnect()")
            elif dice.random() < 0.2:
                await peer.run("provider.connect()")
            elif dice.random() < 0.7:
                await peer.run(f"let t = doc.getText('text'); t.insert({dice.random()} * t.length | 0, 'w{number} ')")
            else:
                await peer.run(
                    f"let t = doc.getText('text'); if (t.length > 9) t.delete({dice.random()} * (t.length - 3) | 0, 3)"
                )
        for peer in found:
            await peer.run("provider.connect()")
        await found[0].insert(0, "END")
        for peer in found:
            await peer.until("return provider.synced && doc.getText('text').toString().includes('END')")
        # How a client cuts what it has into pieces depends on how it came; what it has, and the text, do not.
        has = "return JSON.stringify([[...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(), doc.getText('text').toString()])"
        async with asyncio.timeout(60):
            while len({await peer.run(has) for peer in found}) > 1:
                await asyncio.sleep(0.05)
        assert await papers.text(name) == await found[0].text()


async def test_offline_edits_merge(stage, papers, key):
    name = await papers.make()
    async with node() as clients:
        a, b = await peers(clients, 2, stage.port, name, key)
        await (await a.synced()).insert(0, "middle")
        await b.reads("middle")
        await b.run("provider.disconnect()")
        await b.insert(6, " end")
        await a.insert(0, "begin ")
        assert await b.text() == "middle end"
        await b.run("provider.connect()")
        await a.reads("begin middle end")
        await b.reads("begin middle end")


async def test_a_document_outlives_its_editors_and_its_room(stage, papers, key):
    name = await papers.make()
    async with editor(stage, name) as a:
        await (await a.sync()).insert("kept")
    await asyncio.to_thread(papers.rest)
    async with editor(stage, name) as b:
        await b.sync()
        assert str(b.text) == "kept"
        assert len(b.document.get("nodes", type=pycrdt.Map)) == 3


async def test_ones_own_update_comes_back_when_it_is_committed(stage, papers, key):
    name = await papers.make()
    async with editor(stage, name) as a:
        await a.sync()
        await a.insert("mine")
        await a.until_saved()
        assert await papers.text(name) == "mine"


async def test_an_update_is_committed_before_anybody_sees_it(stage, papers, key):
    """While the row is locked nothing can be committed: nobody sees the edit, and who asks is not answered with it."""
    name = await papers.make()
    async with editor(stage, name) as a, editor(stage, name) as b, editor(stage, name) as late:
        await a.sync()
        await b.sync()
        async with stage.holding("acme", lambda: SharedDocument.objects.select_for_update().get(name=name)):
            await a.insert("early")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await b.until(lambda b: str(b.text))
            assert await papers.text(name) == ""
        await b.until(lambda b: str(b.text) == "early")
        await late.sync()
        assert str(late.text) == "early"
        assert await papers.text(name) == "early"


async def test_what_the_server_changes_reaches_editors(stage, papers, key):
    name = await papers.make()
    async with editor(stage, name) as a:
        await a.sync()
        await papers.write(name, "by the API ")
        await a.until(lambda a: str(a.text) == "by the API ")
        await a.insert("and me ")
        await a.until_saved()
        await papers.write(name, "again ")
        await a.until(lambda a: str(a.text) == "again and me by the API ")
    assert await papers.text(name) == "again and me by the API "


async def test_what_comes_while_hints_are_lost_is_read_from_the_table(stage, papers, key, monkeypatch):
    name = await papers.make()
    async with editor(stage, name) as a:
        await a.sync()
        with monkeypatch.context() as silent:
            silent.setattr(store, "_publish", lambda *args: None)
            await papers.write(name, "unheard ")
        await a.insert("mine ")
        await a.until(lambda a: str(a.text) == "mine unheard " or str(a.text) == "unheard mine ")
        with monkeypatch.context() as silent:
            silent.setattr(store, "_publish", lambda *args: None)
            await papers.write(name, "later ")
        await a.until(lambda a: "later" in str(a.text))


async def test_a_long_log_becomes_a_snapshot(stage, papers, key, monkeypatch):
    monkeypatch.setattr("collaboration.crdt.original.LOG_ROWS", 10)
    name = await papers.make()
    async with editor(stage, name) as a:
        await a.sync()
        for number in range(40):
            await a.insert(f"{number} ")
            while (await a.hear())[:2] != b"\x00\x02":
                pass

    def log() -> tuple[int, int, int]:
        row = SharedDocument.objects.get(name=name)
        return (
            row.last_seq,
            row.snapshot_seq,
            DocumentUpdate.objects.filter(document=row, seq__lte=row.snapshot_seq).count(),
        )

    await asyncio.to_thread(papers.rest)
    last_seq, snapshot_seq, _ = await papers.within("acme", log)
    assert last_seq >= 40
    assert snapshot_seq >= 10
    assert (await papers.text(name)).split() == [str(number) for number in reversed(range(40))]

    def compact() -> list[bytes]:
        store.compacted(name)
        return store.parts(name).updates

    parts = await papers.within("acme", compact)
    assert len(parts) == 1
    assert text_of(parts[0]) == await papers.text(name)


async def test_the_same_name_is_another_document_in_another_organisation(stage, papers, key):
    name = await papers.make("acme", "globex")
    theirs = stage.key("globex", "editor", scopes=("read", "write"))
    async with editor(stage, name) as a, editor(stage, name, slug="globex", key=theirs) as b:
        await a.sync()
        await b.sync()
        await a.say(1, 0, "{}")
        await a.insert("acme only")
        await b.insert("globex only")
        await a.until(lambda a: 1 in a.states)
        await asyncio.sleep(0.3)
        assert 1 not in b.states
        assert (str(a.text), str(b.text)) == ("acme only", "globex only")
    assert await papers.text(name) == "acme only"
    assert await papers.text(name, "globex") == "globex only"


async def test_who_is_here_is_told_and_ends_with_the_socket(stage, papers, key):
    name, person = await papers.make(), stage.person("acme", "editor")
    tenant = stage.tenant("acme")
    async with node() as clients, editor(stage, name) as watching:
        await watching.sync()
        (peer,) = await peers(clients, 1, stage.port, name, key)
        await (await peer.synced()).run(
            f"provider.awareness.setLocalStateField('user', {{id: '{person}', color: 'red'}})"
        )
        client = await peer.run("return doc.clientID")
        await watching.until(lambda w: "red" in w.states.get(client, ""))
        while len(await asyncio.to_thread(presence.editors, tenant.pk, name)) < 1:
            await asyncio.sleep(0.02)
        assert (await asyncio.to_thread(presence.editors, tenant.pk, name))[0]["user"] == str(person)
        await peer.run("provider.ws.close()")
        await watching.until(lambda w: w.states[client] == "null")
        # It comes again by itself, and is seen at once though its clock is what it was.
        await watching.until(lambda w: "red" in w.states[client])
        assert await peer.closes() != []
    while await asyncio.to_thread(presence.editors, tenant.pk, name):
        await asyncio.sleep(0.02)


async def test_who_does_not_read_is_brought_up_to_date_instead_of_waited_for(stage, papers, key, monkeypatch):
    """With hardly any room for what waits nearly everything is thrown away, and nothing is missing in the end."""
    monkeypatch.setattr("collaboration.crdt.seat.WAITING_LIMIT", 10)
    name = await papers.make()
    async with editor(stage, name) as a, editor(stage, name) as slow:
        await a.sync()
        await slow.sync()
        for number in range(100):
            await a.insert(f"{number} ")
            await slow.insert(f"{number} ")
        await slow.until(lambda slow: len(str(slow.text).split()) == 200)
        await a.until(lambda a: len(str(a.text).split()) == 200)
        assert str(slow.text) == str(a.text)
