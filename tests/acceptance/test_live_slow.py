"""Clients that read nothing cost little, hold up nobody, and have missed nothing when they read again."""

from __future__ import annotations

import asyncio
import socket

from nexod.kernel import events
from tests.crowd import Place, Viewer
from tests.faults import figure
from tests.webs import web_processes

SLOW = 30
EVENTS, AT_ONCE = 1_500, 50
TEXT = "x" * 2_000
MOST_MB = 45.0


class Sleeper(Viewer):
    """A viewer that opens the line and reads nothing until it is woken."""

    awake: asyncio.Event

    async def attend(self) -> None:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        opened.connect(("127.0.0.1", self.ports[0]))
        opened.sendall(self._request())
        self.came += 1
        try:
            await self.awake.wait()
        except asyncio.CancelledError:
            opened.close()
            raise
        opened.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=opened)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await (self._sockets if b" 101 " in head else self._stream)(reader)
        finally:
            self._writer.close()


def test_who_reads_nothing_costs_little_and_harms_nobody(stage, tmp_path):
    run = stage.run_now("acme")
    place = Place("acme", run.pk, {"Authorization": f"Bearer {stage.key('acme', 'viewer')}"}, "text=1")
    with web_processes(tmp_path, 1) as [web]:
        sleepers = [Sleeper(("sse", "websocket")[n % 2], place, [web.port]) for n in range(SLOW)]
        reader = Viewer("sse", place, [web.port])
        before, after = asyncio.run(_told(stage, run, web, sleepers, reader))
    figure("slow clients", clients=SLOW, events=EVENTS, before_mb=before, grown_mb=after - before)
    everything = list(range(1, EVENTS + 3))
    assert reader.seen == everything
    assert [one for one in sleepers if one.seen != everything] == []
    assert after - before < MOST_MB, "half of what it would take to keep all of it for all of them"


async def _told(stage, run, web, sleepers: list[Sleeper], reader: Viewer) -> tuple[float, float]:
    """Tell all events while only one reads; return the memory of the web process before and after."""
    for one in sleepers:
        one.awake = asyncio.Event()
    tasks = [asyncio.create_task(one.watch()) for one in (*sleepers, reader)]
    async with asyncio.timeout(60):
        while not reader.seen:
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    before = web.memory_mb()
    for _ in range(EVENTS // AT_ONCE):
        said = events.AgentFinished(node="n", step="s", agent="a", text=TEXT)
        await stage.tell(run, *[said] * AT_ONCE)
    async with asyncio.timeout(60):
        while reader.last < EVENTS + 1:
            await asyncio.sleep(0.05)
    after = web.memory_mb()
    for one in sleepers:
        one.awake.set()
    await stage.tell(run, events.RunCompleted())
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks)
    return before, after
