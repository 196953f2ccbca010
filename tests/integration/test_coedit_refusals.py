"""Who may not is shown out with a code that says why, and nobody else is harmed: the others go on editing."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pycrdt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from collaboration.crdt import frames, seat, store
from tenants.accounts.models import ApiKey, User
from tests.documents import Editor, editor, key, papers
from tests.yjs.node import node

__all__ = ["key", "papers"]


@asynccontextmanager
async def unharmed(stage, name: str):
    """Give an editor whose work goes on: what it writes at the end is read by another, and nothing else is there."""
    async with editor(stage, name) as a, editor(stage, name) as b:
        await a.sync()
        await b.sync()
        await a.insert("before")
        yield a
        await a.insert("after ")
        await b.until(lambda b: "after" in str(b.text))
        assert str(b.text) == "after before"


MALFORMED = [
    b"", b"\x00", b"\x02\x00", b"\x07", b"\x00\x02\x03\x01\x01\x01", b"\x00\x00\x01\xff", b"\x01\x03\x01\x01\x01",
    b"\x00\x02\x09not yjs!!",
    frames.change(b"\x01\x01\x07\x00\x08\x01\x01l\x01" + b"\x75\x01" * 100_000 + b"\x7d\x00\x00"),
    frames.change(b"\x01\x01\x07\xff\xff\xff\xff\x0f\x04\x01\x01t\x01x\x00"),
]  # fmt: skip


@pytest.mark.parametrize("data", MALFORMED, ids=range(len(MALFORMED)))
async def test_what_is_no_message_is_refused(stage, papers, key, data):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.send(data)
        assert await bad.closed() == 4400


async def test_text_is_refused(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.socket.send(json.dumps({"kind": "here"}))
        assert await bad.closed() == 4400


async def test_an_update_that_builds_on_nothing_is_asked_about_and_refused_when_the_answer_does_not_help(
    stage, papers, key
):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.sync()
        await bad.send(frames.answer(b"\x00\x00"))
        bad.text.insert(0, "never sent ")
        before = bad.document.get_state()
        bad.text.insert(0, "x")
        ahead = bad.document.get_update(before)
        await bad.send(frames.change(ahead))
        await bad.send(frames.change(ahead))
        while (await bad.hear())[:2] != b"\x00\x00":
            pass
        await bad.send(frames.answer(ahead))
        assert await bad.closed() == 4400


async def test_what_is_typed_while_the_line_comes_back_is_kept(stage, papers, key):
    """The first updates are ahead of what was typed offline, which only the answer to the server's question brings."""
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as late:
        while (await late.hear())[:2] != b"\x00\x00":
            pass
        for word in ("offline", "too", "soon"):
            before = late.document.get_state()
            late.document.get("other", type=pycrdt.Text).insert(0, f"{word} ")
            if word != "offline":
                await late.send(frames.change(late.document.get_update(before)))
        await late.send(frames.answer(late.document.get_update()))
        await late.sync()
        async with editor(stage, name) as other:
            await other.sync()
            assert str(other.document.get("other", type=pycrdt.Text)) == "soon too offline "


async def test_a_message_that_is_too_large_is_refused(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.sync()
        await bad.insert("x" * (frames.MESSAGE_LIMIT + 1))
        assert await bad.closed() == 4413


async def test_a_document_that_would_grow_too_large_is_refused_and_may_be_made_smaller(stage, papers, key, monkeypatch):
    name = await papers.make()
    async with unharmed(stage, name) as good, editor(stage, name) as bad:
        await bad.sync()
        await bad.until(lambda bad: str(bad.text) == "before")
        monkeypatch.setattr(store, "DOCUMENT_LIMIT", 5_000)
        await bad.insert("y" * 5_000)
        assert await bad.closed() == 4413
        monkeypatch.setattr(store, "DOCUMENT_LIMIT", 10)
        before = good.document.get_state()
        del good.text[0:1]
        await good.send(frames.change(good.document.get_update(before)))
        while (await good.hear())[:2] != b"\x00\x02":
            pass
        monkeypatch.undo()
        await good.insert("b")


async def test_who_sends_faster_than_anybody_types_is_refused(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.sync()
        with suppress(ConnectionClosed):
            for _ in range(2 * seat.FRAMES_AT_ONCE):
                await bad.send(b"\x03")
        await bad.closed()
        assert bad.socket.close_code == 4429


async def test_one_too_many_is_refused(stage, papers, key, monkeypatch):
    name = await papers.make()
    async with unharmed(stage, name):
        monkeypatch.setattr("collaboration.crdt.audience.SEATS_LIMIT", 2)
        async with editor(stage, name) as late:
            assert await late.closed() == 4429


@pytest.mark.parametrize(
    "name",
    ["workflow:x", "nothing", "agent:{id}", "workflow:{ID}", "workflow:{id}x", "workflow:{id}%0a"],
)
async def test_a_name_that_no_document_has_is_refused(stage, key, name):
    pk = str(uuid4())
    async with editor(stage, name.format(id=pk, ID=pk.upper())) as opened:
        assert await opened.closed() == 4404


async def test_a_document_about_nothing_is_refused_and_not_made(stage, papers, key):
    name = f"workflow:{uuid4()}"
    async with editor(stage, name) as opened:
        assert await opened.closed() == 4404
    assert not await papers.within("acme", lambda: store.is_there(name))


async def test_another_organisations_document_is_refused(stage, papers, key):
    name = await papers.make("globex")
    async with editor(stage, name) as opened:
        assert await opened.closed() == 4404
    async with editor(stage, name, slug="globex", key=key) as opened:
        assert await opened.closed() == 4401


async def test_without_the_permission_to_see_it_nobody_comes_in(stage, papers):
    name = await papers.make()
    reader = stage.key("acme", "viewer", scopes=("run",))
    async with editor(stage, name, key=reader) as opened:
        assert await opened.closed() == 4403
    async with editor(stage, name, key="nobody") as opened:
        assert await opened.closed() == 4401


@pytest.mark.parametrize(("role", "scopes"), [("viewer", ("read", "write")), ("editor", ("read",))])
async def test_who_may_only_read_reads_and_changes_nothing(stage, papers, key, role, scopes):
    """A viewer's client answers questions with what everybody knows already: that is no change."""
    name = await papers.make()
    theirs = stage.key("acme", role, scopes=scopes)
    async with unharmed(stage, name), editor(stage, name, key=theirs) as viewer:
        await viewer.sync()
        await viewer.until(lambda viewer: str(viewer.text) == "before")
        await viewer.send(frames.answer(viewer.document.get_update()))
        await viewer.send(frames.change(b"\x00\x00"))
        await viewer.sync()
        await viewer.insert("no ")
        assert await viewer.closed() == 4403
    assert await papers.text(name) == "after before"


async def test_a_viewers_stock_client_may_watch(stage, papers, key):
    name, theirs = await papers.make(), stage.key("acme", "viewer", scopes=("read",))
    async with unharmed(stage, name), node() as clients:
        peer = await clients.peer("viewer", stage.port, name, key=theirs)
        await (await peer.synced()).reads("before")
        await peer.run("provider.awareness.setLocalStateField('cursor', 3)")
        await peer.insert(0, "no")
        assert await peer.closed() == 4403
        assert await peer.run("return provider.shouldConnect") is False, "it does not come again and again"


@pytest.mark.parametrize(
    "text",
    [
        '{"user": {"id": "01a2036f-9e48-7204-ba40-c26543e399e1"}}',
        '{"user": {"name": "Somebody else"}}',
        '{"server": {"problems": []}}',
    ],
)
async def test_a_name_that_is_another_persons_is_refused(stage, papers, key, text):
    name = await papers.make()
    async with unharmed(stage, name) as good, editor(stage, name) as bad:
        await bad.say(77, 0, text)
        assert await bad.closed() in (4400, 4403)
        await good.say(78, 0, "{}")
        await good.until(lambda good: 78 in good.states)
        assert 77 not in good.states


async def test_another_persons_client_is_refused(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name) as good, editor(stage, name, "viewer") as bad:
        await good.say(5, 0, '{"cursor": 1}')
        await good.until(lambda good: 5 in good.states)
        await bad.say(5, 0, '{"cursor": 1}')
        await bad.say(5, 1, '{"cursor": 2}')
        assert await bad.closed() == 4403
        assert good.states[5] == '{"cursor": 1}'


async def test_a_state_that_is_too_large_is_refused(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name) as bad:
        await bad.say(9, 0, json.dumps({"x": "y" * 9_000}))
        assert await bad.closed() == 4413


@asynccontextmanager
async def watching_the_clock(seconds: float):
    loop = asyncio.get_running_loop()
    began = loop.time()
    yield
    # What is promised is two seconds; a busy machine is given more.
    assert loop.time() - began < seconds


async def test_a_permission_that_is_lost_ends_the_socket(stage, papers, key):
    name = await papers.make()
    async with unharmed(stage, name), editor(stage, name, "viewer") as opened:
        await opened.sync()
        await papers.within("acme", lambda: ApiKey.objects.filter(user=stage.user("acme", "viewer")).delete())
        async with watching_the_clock(30):
            assert await opened.closed() == 4401


async def test_who_becomes_a_viewer_is_shown_out_and_comes_again_as_one(stage, papers, key):
    name = await papers.make()
    person = await papers.within("acme", lambda: stage.user("acme", "editor").pk)

    def role(name: str) -> None:
        User.objects.get(pk=person).set_role(name) if hasattr(User, "set_role") else _regroup(person, name)

    async with editor(stage, name) as opened:
        await opened.sync()
        await opened.insert("mine")
        await opened.until(lambda _: True)
        try:
            await papers.within("acme", lambda: role("viewer"))
            async with watching_the_clock(30):
                assert await opened.closed() == 4409
            async with editor(stage, name) as again:
                await again.sync()
                assert str(again.text) == "mine"
                await again.insert("no")
                assert await again.closed() == 4403
        finally:
            await papers.within("acme", lambda: role("editor"))


def _regroup(person, name: str) -> None:
    from django.contrib.auth.models import Group

    User.objects.get(pk=person).groups.set([Group.objects.get(name=name)])


async def test_a_document_that_is_deleted_ends_its_sockets(stage, papers, key):
    name = await papers.make()
    async with editor(stage, name) as opened:
        await opened.sync()
        await papers.within("acme", lambda: store.forget(name))
        assert await opened.closed() == 4404


async def test_a_page_of_another_site_opens_nothing(stage, papers):
    name, cookie = await papers.make(), stage.session("acme", "editor")
    url = f"ws://acme.test:{stage.port}/ws/documents/{name}"
    given = {"host": "127.0.0.1", "port": stage.port, "proxy": None}
    with pytest.raises(Exception, match="403"):
        async with connect(url, additional_headers={"cookie": cookie}, origin="http://evil.test", **given):
            pass
    async with connect(
        url, additional_headers={"cookie": cookie}, origin=f"http://acme.test:{stage.port}", **given
    ) as opened:
        assert str((await Editor(opened).sync()).text) == ""
