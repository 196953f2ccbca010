"""Whatever a socket sends, what reads it says no in an orderly way; what it lets through harms no document."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collaboration.crdt import frames
from collaboration.crdt.awareness import Awareness, Person
from collaboration.crdt.frames import Ask, Change, Frame, Query, Said, State
from collaboration.crdt.grammar import require_sound
from collaboration.crdt.reader import Malformed
from collaboration.crdt.replica import Incomplete, Replica, clocks_of
from nexod.kernel.errors import NexodError, TooLarge
from tests.yjs.junk import broken, document_of, frame, junk

MANY = settings(max_examples=5_000, deadline=None)


def number(value: int) -> bytes:
    return frames._number(value)


@MANY
@given(st.binary(max_size=60))
def test_bytes_are_a_frame_or_refused(data):
    try:
        frame = frames.read(data)
    except Malformed:
        return
    assert isinstance(frame, Ask | Change | Said | Query)


@MANY
@given(st.integers(min_value=0))
def test_no_update_breaks_a_document_or_what_others_make_of_it(seed):
    """The update is made of what the format is made of, put together at random, or a real one with some bytes changed."""
    dice = random.Random(seed)
    document, updates = document_of(dice)
    before = document.get_update()
    update = junk(dice) if dice.random() < 0.5 or not updates else broken(dice, updates)
    replica = Replica([before])
    try:
        require_sound(update)
        changed = replica.change(update)
    except (Malformed, Incomplete):
        return
    if changed:
        clocks = clocks_of(replica.vector())
        assert clocks_of(Replica([before, changed]).vector()) == clocks
        assert clocks_of(Replica([pycrdt.merge_updates(before, changed)]).vector()) == clocks


class Table:
    """What a room does with frames of somebody who may write; what it keeps is in ``kept``."""

    def __init__(self, document: pycrdt.Doc[Any]) -> None:
        self.kept = [document.get_update()]
        self.replica, self.awareness, self.refused = Replica(self.kept), Awareness(), 0

    def take(self, data: bytes) -> None:
        try:
            self._do(frames.read(data))
        except NexodError:
            self.refused += 1
            if self.replica.is_spoilt:
                self.replica = Replica(self.kept)

    def _do(self, found: Frame) -> None:
        if isinstance(found, Change):
            if changed := self.replica.change(found.update):
                self.kept.append(changed)
        elif isinstance(found, Ask):
            self.replica.beyond(found.vector)
        elif isinstance(found, Said):
            self.awareness.hear(Person("1", "Somebody"), "a socket", found.states)


@settings(max_examples=1_000, deadline=None)
@given(st.integers(min_value=0))
def test_ten_thousand_frames_crash_nothing(seed):
    """Ten frames, one after the other, a thousand times: each is taken or refused, and what is kept is what all have."""
    dice = random.Random(seed)
    document, _ = document_of(dice)
    table = Table(document)
    for _ in range(10):
        table.take(frame(dice))
    theirs: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in table.kept:
        theirs.apply_update(update)
    assert clocks_of(theirs.get_state()) == clocks_of(table.replica.vector())


@pytest.mark.parametrize("level", [b"\x75\x01", b"\x76\x01\x01k"])
@pytest.mark.parametrize("depth", [101, 100_000])
def test_what_nests_too_deep_is_refused_before_the_library_sees_it(level, depth):
    update = b"\x01\x01\x07\x00\x08\x01\x01l\x01" + level * depth + b"\x7d\x00\x00"
    with pytest.raises(Malformed):
        require_sound(update)
    require_sound(b"\x01\x01\x07\x00\x08\x01\x01l\x01" + level * 100 + b"\x7d\x00\x00")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x00", b"\x00\x03\x00", b"\x02\x00", b"\x04", b"\x00\x00\x05ab", b"\x00\x02\x02\x00\x00!", b"\x01\x01\x05",
        b"\x01\x04\x01\x01\x01\xff", b"\x00\x00" + b"\xff" * 12, b"\x01\x04" + b"\xff\xff\xff\x7f", b"hello", b"\x03!",
    ],
)  # fmt: skip
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(Malformed):
        frames.read(data)


def test_a_frame_that_is_too_large_is_refused():
    with pytest.raises(TooLarge):
        frames.read(b"\x00\x02" + bytes(frames.MESSAGE_LIMIT))


@pytest.mark.parametrize("count", [0, 2, 2**24, 2**28, 2**53 - 1])
def test_a_question_that_says_more_than_it_has_is_refused_before_the_library_makes_room_for_it(count):
    with pytest.raises(Malformed):
        frames.read(frames.ask(number(count) + b"\x01\x01"))


@given(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1), st.text(max_size=40))
def test_what_is_written_is_read_again(client, clock, text):
    states = [State(client, clock, text)]
    assert frames.read(frames.said(states)) == Said(states)
    vector = number(1) + number(client) + number(clock)
    assert frames.read(frames.ask(vector)) == Ask(vector)


def test_an_update_that_builds_on_another_waits_for_nothing():
    document: pycrdt.Doc = pycrdt.Doc()
    updates: list[bytes] = []
    document.observe(lambda event: updates.append(event.update))
    text = document.get("text", type=pycrdt.Text)
    text.insert(0, "a")
    text.insert(1, "b")
    replica = Replica([])
    with pytest.raises(Incomplete):
        replica.change(updates[1])
    replica = Replica([])
    assert replica.change(updates[0])
    assert replica.change(updates[1])
    assert replica.change(document.get_update()) == b""
    with document.transaction():
        del text[0:1]
    with pytest.raises(Incomplete):
        Replica([]).change(updates[-1])
