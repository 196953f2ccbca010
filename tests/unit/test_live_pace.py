"""However many speak however fast, a watcher gets at most twenty frames of text a second, in order, and no stale end of one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

from nexod.kernel.pace import EVERY_S, LONGEST, Pace

Told = list[tuple[float, list[dict[str, Any]]]]


def piece(text: str, at: int, agent: str = "ann", step: str = "s") -> dict[str, Any]:
    return {"node": "n", "step": step, "agent": agent, "at": at, "text": text}


def told_by(work: Callable[[Pace], Awaitable[None]]) -> Told:
    """Return what was passed on, with the moments."""
    told: Told = []

    async def run() -> None:
        pace = Pace(lambda pieces: told.append((time.monotonic(), pieces)))
        await work(pace)
        await asyncio.sleep(2 * EVERY_S)

    asyncio.run(run())
    return told


def test_ten_agents_together_make_twenty_frames_a_second_and_nothing_is_lost() -> None:
    async def talk(pace: Pace) -> None:
        began, at = time.monotonic(), 0
        while time.monotonic() - began < 0.5:
            for agent in range(10):
                pace.take(piece("word ", at, str(agent)))
            at += 5
            await asyncio.sleep(0.002)

    told = told_by(talk)
    assert len(told) <= (told[-1][0] - told[0][0]) / (EVERY_S * 0.9) + 1
    for agent in map(str, range(10)):
        said = [one for _, pieces in told for one in pieces if one["agent"] == agent]
        assert all(before["at"] + len(before["text"]) == after["at"] for before, after in pairwise(said))


def test_frames_are_never_closer_than_their_distance() -> None:
    async def talk(pace: Pace) -> None:
        for number in range(100):
            pace.take(piece("x", number))
            pace.give_way([{"type": "agent.thought", "data": {"step": "another"}}])
            await asyncio.sleep(0.003)

    told = told_by(talk)
    assert all(after - before >= EVERY_S * 0.9 for (before, _), (after, _) in pairwise(told))


def test_the_first_word_goes_at_once() -> None:
    async def talk(pace: Pace) -> None:
        pace.take(piece("Hi", 0))
        await asyncio.sleep(0.005)
        assert len(said) == 1

    said: Told = []

    async def run() -> None:
        await talk(Pace(lambda pieces: said.append((0.0, pieces))))

    asyncio.run(run())


def test_what_an_event_tells_anyway_does_not_come_after_it() -> None:
    async def talk(pace: Pace) -> None:
        pace.take(piece("The be", 0))
        await asyncio.sleep(0.005)
        pace.take(piece("ginning", 6))
        pace.take(piece("Other", 0, "bob"))
        pace.give_way([{"type": "agent.finished", "data": {"step": "s", "agent": "ann", "text": "The beginning"}}])

    told = told_by(talk)
    assert [[one["agent"] for one in pieces] for _, pieces in told] == [["ann"], ["bob"]]


def test_an_event_finds_the_text_before_it_told_when_there_was_time() -> None:
    order: list[str] = []

    async def run() -> None:
        pace = Pace(lambda pieces: order.append("text"))
        pace.take(piece("all", 0))
        pace.give_way([{"type": "agent.finished", "data": {"step": "s"}}])
        order.append("event")
        await asyncio.sleep(2 * EVERY_S)

    asyncio.run(run())
    assert order == ["text", "event"]


def test_a_new_answer_takes_the_place_of_what_was_not_told_of_the_old() -> None:
    async def talk(pace: Pace) -> None:
        pace.take(piece("first", 0))
        await asyncio.sleep(0.005)
        pace.take(piece(" more", 5))
        pace.take(piece("", 0))
        pace.take(piece("second", 0))

    assert [pieces[0]["text"] for _, pieces in told_by(talk)] == ["first", "second"]


def test_of_much_the_end_is_told_with_its_place() -> None:
    async def talk(pace: Pace) -> None:
        pace.take(piece("x" * 3 * LONGEST, 0))

    [(_, [one])] = told_by(talk)
    assert (len(one["text"]), one["at"]) == (LONGEST, 2 * LONGEST)


def test_after_its_end_nothing_comes() -> None:
    async def talk(pace: Pace) -> None:
        pace.take(piece("x", 0))
        pace.end()

    assert told_by(talk) == []
