"""What lies between two web processes breaks: Valkey is away, a process is killed. Edits are kept, and who is gone is not shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from django_redis import get_redis_connection

from collaboration.crdt import frames
from tests import services
from tests.documents import Editor, Papers, editor, key, papers
from tests.faults import until
from tests.webs import Web, web_processes
from tests.yjs.node import Peer, node

__all__ = ["key", "papers"]

PATIENCE_S = 60
# A state ends 30 seconds after its last renewal, and every 15 seconds that is looked at.
EXPIRY_S = 45
pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def webs(stage, tmp_path):
    with web_processes(tmp_path / "webs", 2, NEXOD_STREAMS_PER_PERSON="1000") as webs:
        yield webs


@pytest.fixture
def valkey():
    """Valkey, which is there again afterwards, whatever happens."""
    valkey = services.PROCESSES["valkey"]
    yield valkey
    if valkey.pid is None:
        _back(valkey)
    get_redis_connection("default").connection_pool.disconnect()


def _away(valkey) -> None:
    valkey.kill()
    until(lambda: valkey.pid is None, "it ends", seconds=PATIENCE_S)


def _back(valkey) -> None:
    """Start it, in the thread of the tests: it ends with the thread that started it."""
    valkey.start()
    until(valkey.is_ready, "it is back", seconds=PATIENCE_S)


async def _has(peer: Peer, words: set[str]) -> None:
    has = "const has = new Set(doc.getText('text').toString().split(' '));"
    await peer.until(f"{has} return {json.dumps(sorted(words))}.every((word) => has.has(word))")


async def _word(peer: Peer, word: str) -> None:
    await peer.insert(0, f"{word} ")


@pytest.mark.skipif(not services.PROCESSES, reason="the stores are somebody else's")
async def test_while_valkey_is_away_two_processes_edit_and_lose_nothing(stage, papers, key, webs, valkey):
    name, kept = await papers.make(), set[str]()
    async with node() as clients:
        both = [await clients.peer(f"p{n}", web.port, name, key=key) for n, web in enumerate(webs)]
        for peer in both:
            await peer.synced()
        for number, peer in enumerate(both):
            kept.add(word := f"before{number}")
            await _word(peer, word)
        for peer in both:
            await _has(peer, kept)
        await asyncio.to_thread(_away, valkey)
        for number in range(20):
            kept.add(word := f"away{number}")
            await _word(both[number % 2], word)
        await _committed(papers, name, kept)
        # What one process commits the other reads from the table, though nothing tells it so.
        for peer in both:
            await _has(peer, kept)
        _back(valkey)
        for number, peer in enumerate(both):
            kept.add(word := f"after{number}")
            await _word(peer, word)
        for peer in both:
            await _has(peer, kept)
        await _committed(papers, name, kept)
        assert len({await peer.text() for peer in both}) == 1
        assert await both[0].text() == await papers.text(name)
    assert sorted((await papers.text(name)).split()) == sorted(kept), "each word once"


async def _committed(papers: Papers, name: str, words: set[str]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not words <= set((await papers.text(name)).split()):
            await asyncio.sleep(0.1)


async def test_who_is_here_is_seen_from_another_process_and_goes_with_the_socket_or_the_process(
    stage, papers, key, webs: list[Web]
):
    name, person = await papers.make(), str(stage.person("acme", "editor"))
    state = json.dumps({"user": {"id": person}, "cursor": 4})
    near, far = (web.port for web in webs)
    async with editor(stage, name, port=far) as watching:
        await watching.sync()
        async with editor(stage, name, port=near) as goes:
            await goes.say(71, 0, state)
            await _until(watching, lambda: watching.states.get(71) == state)
        await _until(watching, lambda: watching.states[71] == "null")
        async with editor(stage, name, port=near) as dies:
            await dies.say(72, 0, state)
            await _until(watching, lambda: watching.states.get(72) == state)
            await asyncio.to_thread(webs[0].kill)
            await _until(watching, lambda: watching.states[72] == "null", EXPIRY_S + PATIENCE_S)
        # Who comes now is not told of those who are gone.
        async with editor(stage, name, port=far) as late:
            await late.sync()
            await late.send(frames.said([frames.State(73, 0, state)]))
            await _until(late, lambda: late.states.get(73) == state)
            assert late.states.get(71, "null") == late.states.get(72, "null") == "null"


TOLD = """
const told = [...provider.awareness.getStates().values()].find((state) => state.server)?.server;
return told && told.problems.length === COUNT && told.problems.every(({ node }) => node === "greet") && told.digest;
"""
TEMPLATE = "doc.getMap('nodes').get('greet').get('config').get('template')"


async def test_what_is_wrong_is_told_to_editors_in_all_processes_and_to_who_comes_later(stage, papers, key, webs):
    name, theirs = await papers.make("acme", "globex"), stage.key("globex", "editor", scopes=("read", "write"))
    looks_on = stage.key("acme", "viewer", scopes=("read",))
    async with node() as clients:
        near = await clients.peer("near", webs[0].port, name, key=key)
        far = await clients.peer("far", webs[1].port, name, key=looks_on)
        other = await clients.peer("other", webs[1].port, name, key=theirs, slug="globex")
        for peer in (near, far, other):
            await (await peer.synced()).until(TOLD.replace("COUNT", "0"))
        await near.run(f"{TEMPLATE}.insert(0, '{{{{ nope.x }}}} ')")
        wrong = [await peer.until(TOLD.replace("COUNT", "1")) for peer in (near, far)]
        late = await clients.peer("late", webs[1].port, name, key=key)
        wrong.append(await (await late.synced()).until(TOLD.replace("COUNT", "1")))
        assert len(set(wrong)) == 1
        assert await other.run(TOLD.replace("COUNT", "0")), "in the other organisation nothing is wrong"
        await late.run(f"{TEMPLATE}.delete(0, 13)")
        right = {await peer.until(TOLD.replace("COUNT", "0")) for peer in (near, far, late)}
        assert len(right) == 1
        assert right != set(wrong)


async def _until(one: Editor, true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    async with asyncio.timeout(seconds):
        await one.until(lambda _: true())
