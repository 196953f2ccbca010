"""A seat holds little: who does not read has what waits thrown away, and who sends too much is refused."""

from __future__ import annotations

from uuid import uuid4

import pytest

from collaboration.crdt import seat as seats
from collaboration.crdt.awareness import Person
from collaboration.crdt.seat import Seat, TooFast
from nexod.kernel.errors import NotFound


@pytest.fixture
def seat():
    return Seat(Person("id", "Ann"), uuid4(), may_write=True)


async def test_frames_come_in_order(seat):
    seat.put(b"1", b"before 1")
    seat.put(b"2", b"before 2")
    assert seat.vector == b"before 1"
    assert [await seat.frame(), await seat.frame()] == [b"1", b"2"]
    assert seat.vector is None


async def test_what_waits_is_bounded_and_thrown_away_whole(seat):
    half = bytes(seats.WAITING_LIMIT // 2 + 1)
    seat.put(half, b"before")
    seat.put(half, b"later")
    seat.put(b"later still", b"later still")
    assert await seat.frame() is None, "something was lost"
    assert seat.vector == b"before", "what the editor had before all that was lost"
    seat.put(b"the rest")
    assert await seat.frame() == b"the rest"


async def test_what_is_larger_than_the_limit_passes_alone(seat):
    whole = bytes(2 * seats.WAITING_LIMIT)
    seat.put(whole)
    assert await seat.frame() == whole


async def test_a_refusal_comes_before_what_waits(seat):
    seat.put(b"1")
    seat.refuse(NotFound("Gone."))
    seat.refuse(TooFast())
    with pytest.raises(NotFound):
        await seat.frame()


def test_a_burst_passes_and_a_flood_does_not(seat):
    flood(seat)
    with pytest.raises(TooFast):
        flood(seat)


def flood(seat: Seat) -> None:
    for _ in range(seats.FRAMES_AT_ONCE):
        seat.speak(10)


def test_who_asks_for_everything_again_and_again_is_refused(seat):
    seat.owe(seats.ANSWERED_AT_ONCE)
    with pytest.raises(TooFast):
        seat.owe(seats.ANSWERED_AT_ONCE)


def test_bytes_are_counted_too(seat):
    with pytest.raises(TooFast):
        seat.speak(seats.BYTES_AT_ONCE + 1)
