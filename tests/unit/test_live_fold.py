"""However many things move however often, watchers get a few messages a second, each with how things are now."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise

from nexod.kernel.fold import EVERY_S, MOST, Fold, Told

Heard = list[tuple[float, Told]]


def heard_of(work: Callable[[Fold], Awaitable[None]]) -> Heard:
    """Return what was passed on, with the moments."""
    heard: Heard = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        await work(Fold(loop, "id", lambda told: heard.append((loop.time(), told))))
        await asyncio.sleep(2 * EVERY_S)

    asyncio.run(run())
    return heard


def moved(heard: Heard) -> dict[str, str]:
    return {piece["id"]: piece["status"] for _, told in heard for piece in told["moved"]}


def test_a_hundred_runs_at_once_are_one_message_with_the_newest_of_each() -> None:
    async def work(fold: Fold) -> None:
        for status in ("pending", "running", "completed"):
            fold.take(*({"id": str(number), "status": status} for number in range(MOST)))

    [(_, told)] = heard_of(work)
    assert told["more"] == 0
    assert [piece["status"] for piece in told["moved"]] == ["completed"] * MOST


def test_of_more_than_fit_only_how_many_they_are_is_told() -> None:
    async def work(fold: Fold) -> None:
        fold.take(*({"id": str(number), "status": "running"} for number in range(MOST + 7)), more=3)

    [(_, told)] = heard_of(work)
    assert (len(told["moved"]), told["more"]) == (MOST, 10)


def test_messages_are_never_closer_than_their_distance_and_the_last_word_comes() -> None:
    async def work(fold: Fold) -> None:
        for number in range(200):
            fold.take({"id": str(number % 5), "status": str(number)})
            await asyncio.sleep(0.005)

    heard = heard_of(work)
    assert all(after - before >= EVERY_S * 0.9 for (before, _), (after, _) in pairwise(heard))
    assert moved(heard) == {str(number % 5): str(number) for number in range(195, 200)}


def test_what_is_newer_counts_whichever_process_was_heard_first() -> None:
    async def work(fold: Fold) -> None:
        fold.take({"id": "a", "seq": 9, "status": "completed"})
        fold.take({"id": "a", "seq": 1, "status": "pending"}, {"id": "b", "seq": 2, "status": "running"})
        fold.take({"id": "b", "seq": 5})

    [(_, told)] = heard_of(work)
    assert told["moved"] == [
        {"id": "a", "seq": 9, "status": "completed"},
        {"id": "b", "seq": 5, "status": "running"},
    ]


def test_pieces_of_many_threads_are_all_told() -> None:
    async def work(fold: Fold) -> None:
        def tell(first: int) -> None:
            for number in range(first, first + 20):
                fold.take({"id": str(number), "status": "running"})

        threads = [threading.Thread(target=tell, args=(20 * number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])

    assert len(moved(heard_of(work))) == 80


def test_after_its_end_nothing_comes() -> None:
    async def work(fold: Fold) -> None:
        fold.take({"id": "a", "status": "running"})
        fold.end()

    assert heard_of(work) == []
