"""Two web processes serve fifty people, one is killed and comes back, lines are cut: nothing that anybody saw is lost."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from tests.documents import papers
from tests.webs import web_processes
from tests.yjs.node import Peer, node

__all__ = ["papers"]

EDITORS, WORDS, ROUNDS = 50, 300, 20
SEEN = """
peer.seen ??= new Set();
if (!peer.watches) {
  peer.watches = true;
  doc.on("update", (update, origin) => {
    if (origin === provider) for (const word of doc.getText("text").toString().split(" ")) peer.seen.add(word);
  });
}
"""
# How a document cuts what it has into pieces depends on how it came: so character by character, each with its neighbours.
BYTES = """
const named = (id) => id ? `${id.client}:${id.clock}` : "";
const cut = ({ id, length, origin, rightOrigin, content }) => Array.from({ length }, (_, n) => [
  named({ client: id.client, clock: id.clock + n }),
  n ? named({ client: id.client, clock: id.clock + n - 1 }) : named(origin),
  named(rightOrigin),
  content.str?.[n] ?? content.constructor.name,
]);
return JSON.stringify(Y.decodeUpdate(Y.encodeStateAsUpdate(doc)).structs.flatMap(cut).sort());
"""


async def _seen(found: list[Peer]) -> set[str]:
    """Return every word that anybody has from somebody else."""
    theirs = "return [...peer.seen].filter((word) => word && !peer.own?.has(word))"
    return {word for peer in found for word in await peer.run(theirs)}


async def _write(found: list[Peer], numbers: range, dice: random.Random) -> None:
    for number in numbers:
        peer = dice.choice(found)
        await peer.run(f"(peer.own ??= new Set()).add('w{number}'); doc.getText('text').insert(0, 'w{number} ')")
        if dice.random() < 0.2:
            await dice.choice(found).run("provider.ws && provider.ws.close()")


async def _alike(found: list[Peer], words: int) -> str:
    for peer in found:
        await peer.until(f"return doc.getText('text').toString().split(' ').length === {words + 1}")
    assert len({await peer.run(BYTES) for peer in found}) == 1
    return await found[0].text()


async def test_fifty_people_and_two_processes_one_of_them_killed_in_the_middle(stage, papers, tmp_path):
    key = stage.key("acme", "editor", scopes=("read", "write"))
    name, dice = await papers.make(), random.Random(7)
    processes = web_processes(tmp_path / "webs", 2, NEXOD_STREAMS_PER_PERSON="1000")
    webs = await asyncio.to_thread(processes.__enter__)
    try:
        async with node() as clients:
            found = [
                await clients.peer(f"p{number}", webs[number % 2].port, name, key=key) for number in range(EDITORS)
            ]
            for peer in found:
                await (await peer.synced()).run(SEEN)
            await _write(found, range(WORDS // 2), dice)
            await asyncio.to_thread(webs[0].kill)
            seen = await _seen(found)
            kept = await papers.text(name)
            assert seen
            assert seen <= set(kept.split()), "what anybody saw was committed"
            await _write(found, range(WORDS // 2, WORDS * 3 // 4), dice)
            await asyncio.to_thread(webs[0].start_again)
            await _write(found, range(WORDS * 3 // 4, WORDS), dice)
            text = await _alike(found, WORDS)
            assert sorted(text.split()) == sorted(f"w{number}" for number in range(WORDS))
        assert await papers.text(name) == text
    finally:
        await asyncio.to_thread(processes.__exit__, None, None, None)


async def test_six_open_a_new_document_at_the_same_instant_in_two_processes(stage, papers, tmp_path):
    """As in one process: the document begins with the draft once, whoever makes it, and each word is there once."""
    key = stage.key("acme", "editor", scopes=("read", "write"))
    nodes = "return JSON.stringify(doc.getMap('nodes'))"
    with web_processes(tmp_path / "webs", 2, NEXOD_STREAMS_PER_PERSON="1000") as webs:
        async with node() as clients:
            for turn in range(ROUNDS):
                name = await papers.make()
                opening = [
                    clients.peer(f"{turn}.{number}", webs[number % 2].port, name, key=key) for number in range(6)
                ]
                six = await asyncio.gather(*opening)
                await asyncio.gather(*(peer.insert(0, f"w{number} ") for number, peer in enumerate(six)))
                text = await _alike(six, 6)
                assert sorted(text.split()) == [f"w{number}" for number in range(6)]
                first = await six[0].run(nodes)
                assert len(json.loads(first)) == 3
                assert {await peer.run(nodes) for peer in six} == {first}
                assert await papers.text(name) == text
                await asyncio.gather(*(peer.leave() for peer in six))


pytestmark = pytest.mark.timeout(600)
