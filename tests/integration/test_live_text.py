"""What models write, on its way to the watchers: whole and in order, in few frames, to those of the run's tenant who ask for it."""

from __future__ import annotations

import asyncio
import time
from itertools import groupby
from typing import Any

from nexod.kernel import events
from nexod.kernel.outbox import outbox
from nexod.kernel.pace import EVERY_S
from tests.crowd import Place, Viewer
from tests.live_stage import Stage
from workflows.engine.voice import Voice

AGENTS, WORDS = 20, 15
WHOLE = "".join(f"word{word} " for word in range(WORDS))
KINDS = ("sse", "websocket")


def place(stage: Stage, run: Any, slug: str, query: str = "") -> Place:
    return Place(slug, run.pk, {"Authorization": f"Bearer {stage.key(slug, 'viewer')}"}, query)


def spoken(run: Any) -> None:
    """Let models write in many steps of the run at the same time."""
    voices = [Voice(str(run.pk), f"n{number}", f"s{number}") for number in range(AGENTS)]
    for word in range(WORDS):
        for voice in voices:
            voice.say(f"word{word} ", "ann")
            voice.finish()
        outbox.drain()
        time.sleep(0.01)


def texts(viewer: Viewer) -> list[list[dict[str, Any]]]:
    return [aside["data"] for aside in viewer.asides if aside["type"] == "text"]


async def until_heard(viewers: list[Viewer]) -> None:
    """Wait until each has the end of what each agent wrote."""
    async with asyncio.timeout(60):
        while any(heard(one) < len(WHOLE) * AGENTS for one in viewers):
            await asyncio.sleep(0.02)


def heard(viewer: Viewer) -> int:
    return sum(len(piece["text"]) for frame in texts(viewer) for piece in frame)


async def test_text_comes_whole_and_in_few_frames_to_those_who_ask_for_it(stage: Stage) -> None:
    run, theirs = await stage.run("acme"), await stage.run("globex")
    asking = [Viewer(kind, place(stage, run, "acme", "text=1"), [stage.port]) for kind in KINDS]
    others = [Viewer(kind, place(stage, run, "acme"), [stage.port]) for kind in KINDS]
    others += [Viewer(kind, place(stage, theirs, "globex", "text=1"), [stage.port]) for kind in KINDS]
    watches = [asyncio.create_task(one.watch()) for one in (*asking, *others)]
    async with asyncio.timeout(60):
        while not all(one.seen for one in (*asking, *others)):
            await asyncio.sleep(0.02)
    began = time.monotonic()
    await stage.within("acme", lambda: spoken(run))
    await until_heard(asking)
    took = time.monotonic() - began
    for one in (run, theirs):
        await stage.tell(one, events.RunCompleted())
    async with asyncio.timeout(60):
        await asyncio.gather(*watches)
    for viewer in asking:
        frames = texts(viewer)
        assert len(frames) <= took / EVERY_S + 2, "at most twenty a second"
        pieces = sorted((piece for frame in frames for piece in frame), key=lambda piece: piece["step"])
        for _, said in groupby(pieces, key=lambda piece: piece["step"]):
            assert "".join(piece["text"] for piece in said) == WHOLE
    assert [texts(viewer) for viewer in others] == [[]] * len(others)
    assert [viewer.seen for viewer in (*asking, *others)] == [[1, 2]] * len(watches)
