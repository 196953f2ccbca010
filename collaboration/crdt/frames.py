"""The frames of the Yjs protocols (y-protocols: sync, awareness), read from strangers: whatever is not one of them is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from collaboration.crdt.grammar import require_sound, require_vector
from collaboration.crdt.reader import Malformed, Reader
from nexod.kernel.errors import TooLarge

MESSAGE_LIMIT = 1024 * 1024
STATES_LIMIT = 1_000


class Kind(IntEnum):
    """First byte of a frame."""

    SYNC = 0
    AWARENESS = 1
    QUERY = 3


class Step(IntEnum):
    """Second byte of a frame of SYNC."""

    ONE = 0
    TWO = 1
    UPDATE = 2


class State(NamedTuple):
    """What a client says of itself: JSON text, ``null`` when it has left."""

    client: int
    clock: int
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A client has what this state vector says, and asks for the rest (SyncStep1)."""

    vector: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A client sends an update: by itself, or as the answer to what it was asked (SyncStep2)."""

    update: bytes
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A client tells states: its own, and those that it heard."""

    states: list[State]


@dataclass(frozen=True, slots=True)
class Query:
    """A client asks for everybody's state."""


Frame = Ask | Change | Said | Query


def read(data: bytes) -> Frame:
    """Return what the frame says; raise Malformed or TooLarge."""
    if len(data) > MESSAGE_LIMIT:
        raise TooLarge("A message has at most 1 MB.")
    reader = Reader(data)
    frame = _frame(reader)
    if not reader.is_at_end:
        raise Malformed
    return frame


def _frame(reader: Reader) -> Frame:
    kind = reader.number()
    if kind == Kind.SYNC:
        step = reader.number()
        if step == Step.ONE:
            require_vector(vector := reader.bytes())
            return Ask(vector)
        if step in (Step.TWO, Step.UPDATE):
            require_sound(update := reader.bytes())
            return Change(update, is_answer=step == Step.TWO)
    elif kind == Kind.AWARENESS:
        return Said(states_of(reader.bytes()))
    elif kind == Kind.QUERY:
        return Query()
    raise Malformed


def states_of(data: bytes) -> list[State]:
    """Return the states of an awareness update."""
    reader = Reader(data)
    count = reader.number()
    if count > STATES_LIMIT:
        raise Malformed
    try:
        states = [State(reader.number(), reader.number(), reader.bytes().decode()) for _ in range(count)]
    except UnicodeDecodeError as error:
        raise Malformed from error
    if not reader.is_at_end:
        raise Malformed
    return states


def ask(vector: bytes) -> bytes:
    """Return a SyncStep1: what the server has."""
    return bytes((Kind.SYNC, Step.ONE)) + _with_length(vector)


def answer(update: bytes) -> bytes:
    """Return a SyncStep2: what a client lacked."""
    return bytes((Kind.SYNC, Step.TWO)) + _with_length(update)


def change(update: bytes) -> bytes:
    """Return an Update."""
    return bytes((Kind.SYNC, Step.UPDATE)) + _with_length(update)


def said(states: Iterable[State]) -> bytes:
    """Return an awareness message."""
    parts = [_number(one.client) + _number(one.clock) + _with_length(one.text.encode()) for one in states]
    return bytes((Kind.AWARENESS,)) + _with_length(_number(len(parts)) + b"".join(parts))


def _with_length(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(128 | (number & 127))
        number >>= 7
    written.append(number)
    return bytes(written)
