"""Documents that are really committed, in both organisations, for editors who come by web sockets; deleted afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pycrdt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collaboration.crdt import frames, rooms, store
from nexod.kernel.identifiers import new_id
from tenants.context import enter_tenant
from tests import cast
from tests.content import GREETING
from tests.live_stage import Stage
from workflows.models import Workflow, WorkflowVersion

PATIENCE_S = 120


class Papers:
    """Workflows whose drafts can be edited together."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._made: list[UUID] = []

    async def make(self, *slugs: str) -> str:
        """Return the name of a document that is new in those organisations (by default in acme's)."""
        pk = new_id()
        self._made.append(pk)
        for slug in slugs or ("acme",):
            await self.within(slug, lambda: _workflow(pk))
        return f"workflow:{pk}"

    async def within(self, slug: str, work: Callable[[], Any]) -> Any:
        return await self.stage.within(slug, work)

    async def text(self, name: str, slug: str = "acme") -> str:
        """Return the text as it is committed."""
        return await self.within(slug, lambda: text_of(store.opened(name)[0]))

    async def write(self, name: str, text: str, slug: str = "acme") -> None:
        """Write at the beginning as another process would."""

        def append() -> None:
            document: pycrdt.Doc[Any] = pycrdt.Doc()
            document.apply_update(store.opened(name)[0])
            before = document.get_state()
            document.get("text", type=pycrdt.Text).insert(0, text)
            store.append(name, [document.get_update(before)], None)

        await self.within(slug, append)

    def rest(self) -> None:
        """Wait until nobody is in any room any more."""
        until = time.monotonic() + PATIENCE_S
        while not rooms.are_empty() and time.monotonic() < until:
            time.sleep(0.02)

    def clear(self) -> None:
        self.rest()
        for slug in cast.SLUGS:
            with enter_tenant(self.stage.tenant(slug)):
                for pk in self._made:
                    store.forget(f"workflow:{pk}")
                Workflow.objects.filter(pk__in=self._made).delete()


@pytest.fixture
def papers(stage: Stage) -> Iterator[Papers]:
    """Give documents that are deleted afterwards."""
    papers = Papers(stage)
    yield papers
    papers.clear()


@pytest.fixture
def key(stage: Stage) -> str:
    """Return an editor's key of acme that reads and writes."""
    return stage.key("acme", "editor", scopes=("read", "write"))


def _workflow(pk: UUID) -> None:
    workflow = Workflow.objects.create(pk=pk, slug=f"shared-{pk.hex[-12:]}", name="Shared")
    WorkflowVersion.objects.create(workflow=workflow, definition=GREETING)


def text_of(update: bytes) -> str:
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    document.apply_update(update)
    return str(document.get("text", type=pycrdt.Text))


class Editor:
    """A client that says exactly what a test wants it to, byte by byte."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.document: pycrdt.Doc[Any] = pycrdt.Doc()
        self.text = self.document.get("text", type=pycrdt.Text)
        self.states: dict[int, str] = {}
        self.received = 0

    async def send(self, data: bytes) -> None:
        await self.socket.send(data)

    async def sync(self) -> Editor:
        """Ask for the document and wait for it."""
        await self.send(frames.ask(self.document.get_state()))
        while (await self.hear())[:2] != b"\x00\x01":
            pass
        return self

    async def insert(self, text: str, at: int = 0) -> None:
        before = self.document.get_state()
        self.text.insert(at, text)
        await self.send(frames.change(self.document.get_update(before)))

    async def until_saved(self) -> None:
        """Wait for the next change, which is one's own come back when nobody else is at work."""
        while (await self.hear())[:2] != b"\x00\x02":
            pass

    async def say(self, client: int, clock: int, text: str) -> None:
        await self.send(frames.said([frames.State(client, clock, text)]))

    async def hear(self) -> bytes:
        """Take the next frame, and do what a client does with it."""
        async with asyncio.timeout(PATIENCE_S):
            data = await self.socket.recv()
        assert isinstance(data, bytes)
        self.received += 1
        if data[0] == frames.Kind.AWARENESS:
            for state in frames.read(data).states:
                self.states[state.client] = state.text
        elif data[1] != frames.Step.ONE:
            reader = frames.Reader(data[2:])
            self.document.apply_update(reader.bytes())
        return data

    async def until(self, true: Callable[[Editor], Any]) -> None:
        while not true(self):
            await self.hear()

    async def closed(self) -> int | None:
        """Read to the end, which comes soon, and return the code."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await self.hear()
        except ConnectionClosed:
            return self.socket.close_code


@asynccontextmanager
async def editor(
    stage: Stage, name: str, role: str = "editor", slug: str = "acme", **more: Any
) -> AsyncIterator[Editor]:
    """Open the document with a key of somebody in that role."""
    key = more.pop("key", None) or stage.key(slug, role, scopes=("read", "write"))
    headers = {"authorization": f"Bearer {key}"}
    port = more.pop("port", stage.port)
    url = f"ws://{slug}.test:{port}/ws/documents/{name}"
    async with connect(
        url, host="127.0.0.1", port=port, additional_headers=headers, proxy=None, max_size=None, **more
    ) as opened:
        yield Editor(opened)
