"""When a worker counts as stalled, and when a loop of it as standing still."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from celery.worker import state

from nexod import watchdog
from nexod.kernel import turning
from nexod.kernel.turning import Standstill
from nexod.watchdog import Stall, Watchdog
from tenants.sweeper import LOOP, Sweeper

PATIENCE_S = 30


def verdicts(*looks: tuple[float, int, bool, int]) -> list[bool]:
    """Return what each look found; a look is (at, waiting, free, taken)."""
    stall = Stall(PATIENCE_S)
    return [stall.seen(at=at, waiting=waiting, free=free, taken=taken) for at, waiting, free, taken in looks]


def test_messages_that_wait_in_vain_for_long_enough_are_a_stall():
    assert verdicts((0, 1, True, 5), (5, 1, True, 5), (20, 2, True, 5), (36, 2, True, 5)) == [False, False, False, True]


@pytest.mark.parametrize(
    "between",
    [(20, 0, True, 5), (20, 1, False, 5), (20, 1, True, 6)],
    ids=["nothing waits", "no slot is free", "one was taken"],
)
def test_anything_else_in_between_begins_the_time_anew(between):
    looks = [(0, 1, True, 5), (5, 1, True, 5), between, (36, 1, True, between[3]), (50, 1, True, between[3])]
    assert not any(verdicts(*looks))


def stuck(*looks: int) -> list[bool]:
    """Return what each look found, with the turns that it saw; a loop may stand still in three."""
    standstill = Standstill(3)
    return [bool(standstill.look({"loop": turns})) for turns in looks]


def test_a_loop_that_was_where_it_is_in_so_many_looks_stands_still():
    assert stuck(7, 7, 7, 7) == [False, False, False, True]


def test_a_loop_that_turns_in_between_does_not_stand_still():
    assert not any(stuck(7, 7, 7, 8, 8, 8, 9))


def test_a_loop_that_is_to_end_is_watched_no_more():
    standstill = Standstill(1)
    assert (standstill.look({"loop": 1}), standstill.look({}), standstill.look({"loop": 1})) == ([], [], [])


def test_a_sweeper_that_hangs_ends_its_worker(monkeypatch: pytest.MonkeyPatch):
    hangs, ended = threading.Event(), threading.Event()
    said: list[tuple[str, dict[str, list[str]]]] = []

    def end(why: str, extra: dict[str, list[str]]) -> None:
        said.append((why, extra))
        state.should_stop = 0  # what the real one sets too: the watchdog's loop ends by it
        ended.set()

    monkeypatch.setattr(state, "should_stop", None)
    monkeypatch.setattr(watchdog, "STANDSTILL_LEAST_S", 0.3)
    monkeypatch.setattr(watchdog, "end", end)
    monkeypatch.setattr(Watchdog, "_has_stalled", lambda self: False)
    sweeper = Sweeper(every_s=0.01)
    monkeypatch.setattr(sweeper, "beat", lambda: hangs.wait(60) and [])
    consumed = SimpleNamespace(queues=SimpleNamespace(consume_from={}))
    controller = SimpleNamespace(pool=SimpleNamespace(limit=1), app=SimpleNamespace(amqp=consumed))
    sweeper.start()
    try:
        Watchdog(controller, patience_s=0.05).start()
        assert ended.wait(60)
    finally:
        sweeper.stop()
        hangs.set()
    assert said == [(watchdog.STANDS_STILL, {"loops": [LOOP]})]
    assert LOOP not in turning._turns
