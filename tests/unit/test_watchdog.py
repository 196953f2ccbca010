"""When a worker counts as stalled."""

from __future__ import annotations

import pytest

from nexod.watchdog import Stall

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
