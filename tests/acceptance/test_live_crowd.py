"""Five hundred watch while a worker works, lines are cut and a web process dies: nobody misses an event or gets one twice."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from uuid import UUID

import pytest

from tests.crowd import Place, Viewer
from tests.faults import figure, log, percentile, start
from tests.probe import probe
from tests.webs import web_processes
from tests.workbench import definition, output

__all__ = ["log", "start"]
SOCKETS = 500
RESTLESS = 0.1
STEPS, STEP_S = 30, 0.12
AT_ONCE = 25


def steps(log: Path) -> dict:
    """Return a definition of many short steps that a worker takes some seconds for."""
    nodes = [probe(f"s{number}", log=str(log), seconds=STEP_S) for number in range(STEPS)]
    return definition([*nodes, output()])


async def crowd_of(viewers: list[Viewer], webs: list, start, died_after_s: float) -> float:
    """Let them all come, then the worker begin, lines be cut, and the first web process die; return when that was over."""
    gate = asyncio.Semaphore(AT_ONCE)
    watches = [asyncio.create_task(_watch(viewer, gate)) for viewer in viewers]
    while not all(viewer.seen or task.done() for viewer, task in zip(viewers, watches, strict=True)):
        await asyncio.sleep(0.05)
    began = time.monotonic()
    cuts = asyncio.create_task(_cut(viewers[:: int(1 / RESTLESS)]))
    await asyncio.to_thread(start)
    await asyncio.sleep(died_after_s)
    await asyncio.to_thread(webs[0].kill)
    try:
        async with asyncio.timeout(180):
            await asyncio.gather(*watches)
    finally:
        for task in (cuts, *watches):
            task.cancel()
    return time.monotonic() - began


async def _watch(viewer: Viewer, gate: asyncio.Semaphore) -> None:
    async with gate:
        task = asyncio.create_task(viewer.watch())
        while not (viewer.seen or task.done()):
            await asyncio.sleep(0.01)
    await task


async def _cut(restless: list[Viewer]) -> None:
    dice = random.Random(1)
    while True:
        await asyncio.sleep(0.02)
        dice.choice(restless).cut()


def test_no_event_is_missed_or_doubled_at_any_client(bench, door, start, log, tmp_path):
    runs: dict[UUID, str] = {}
    for slug, count in (("acme", 2), ("globex", 1)):
        for _ in range(count):
            runs[bench.start(steps(log), slug=slug)] = slug
    places = [Place(slug, run, {"Authorization": f"Bearer {door.key('viewer', slug)}"}) for run, slug in runs.items()]
    with web_processes(tmp_path / "webs", 2, NEXOD_STREAMS_PER_PERSON="10000") as webs:
        ports = [web.port for web in webs]
        viewers = [
            Viewer(("sse", "websocket")[n // 2 % 2], places[n % len(places)], ports[:: 1 if n % 2 else -1])
            for n in range(SOCKETS)
        ]
        took = asyncio.run(crowd_of(viewers, webs, lambda: start(threads=4), STEPS * STEP_S / 2))
    expected = {run: list(range(1, bench.run(run, slug=slug).last_seq + 1)) for run, slug in runs.items()}
    wrong = [viewer for viewer in viewers if viewer.seen != expected[viewer.place.run]]
    figure(
        "live crowd",
        sockets=len(viewers),
        events=sum(len(viewer.seen) for viewer in viewers),
        came_again=sum(viewer.came - 1 for viewer in viewers),
        missed_or_doubled=len(wrong),
        seconds=took,
        spread_p50_ms=_spread(viewers, 0.5),
        spread_p99_ms=_spread(viewers, 0.99),
    )
    assert not wrong, [(viewer.kind, viewer.came, viewer.seen[-5:], viewer.ended) for viewer in wrong[:5]]
    assert sum(viewer.came > 1 for viewer in viewers) > SOCKETS / 3, "lines were cut and a process died"
    assert all(len(numbers) > STEPS for numbers in expected.values())


def _spread(viewers: list[Viewer], share: float) -> float:
    """Return after how many milliseconds that share of the watchers had an event, counted from who had it first."""
    first: dict[tuple[UUID, int], float] = {}
    for viewer in viewers:
        for seq, at in viewer.at.items():
            place = viewer.place.run, seq
            first[place] = min(at, first.get(place, at))
    late = [(at - first[viewer.place.run, seq]) * 1000 for viewer in viewers for seq, at in viewer.at.items()]
    return percentile(late, share)


pytestmark = [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"), pytest.mark.timeout(600)]
