"""Frames and updates that nobody wrote: what the formats are made of, put together by dice, and real ones with bytes changed."""

from __future__ import annotations

import random
from typing import Any

import pycrdt
from pycrdt import Array, Map, Text

from collaboration.crdt import frames
from collaboration.crdt.frames import _number as number

LARGE = [0, 1, 2, 3, 5, 8, 100, 2**30 - 1, 2**31, 2**32 - 1, 2**53 - 1]
VALUES = [
    b"\x7f",
    b"\x7e",
    b"\x7d\x05",
    b"\x78",
    b"\x77\x01x",
    b"\x75\x01\x7e",
    b"\x76\x01\x01k\x78",
    b"\x7b" + bytes(8),
    b"\x74\x01z",
]
TEXTS = [b"abc", b"", "😀".encode(), b"x"]


def document_of(dice: random.Random) -> tuple[pycrdt.Doc[Any], list[bytes]]:
    """Return one of three documents that were edited together, and the updates of all."""
    documents = [pycrdt.Doc(client_id=client) for client in (1, 2, 3)]
    updates: list[bytes] = []
    for document in documents:
        document.observe(lambda event: updates.append(event.update))
    for _ in range(dice.randint(0, 12)):
        document = dice.choice(documents)
        edit(dice, document)
        if dice.random() < 0.4:
            for other in documents:
                other.apply_update(document.get_update(other.get_state()))
    return documents[0], updates


def edit(dice: random.Random, document: pycrdt.Doc[Any]) -> None:
    """Change something."""
    text, found, row = (document.get(name, type=kind) for name, kind in (("t", Text), ("m", Map), ("l", Array)))
    what = dice.randrange(7)
    if what < 3:
        text.insert(dice.randint(0, len(text)), dice.choice(["ab", "x", "hello"]))
    elif what == 3 and len(text) > 3:
        del text[1:3]
    elif what == 4:
        found[dice.choice("abc")] = dice.choice([1, "s", [1, {"x": 2}], None, 2.5, Map({"q": Text("hi")})])
    elif what == 5:
        row.insert(dice.randint(0, len(row)), dice.choice([1, "z", Text("in"), Map({"k": 1})]))
    elif len(row):
        del row[dice.randrange(len(row))]


def broken(dice: random.Random, updates: list[bytes]) -> bytes:
    """Return one of the updates with some bytes changed."""
    found = bytearray(dice.choice(updates))
    for _ in range(dice.randint(0, 4)):
        found[dice.randrange(len(found))] = dice.choice([0, 1, 2, 3, 5, 127, 128, 255, dice.randrange(256)])
    return bytes(found)


def junk(dice: random.Random) -> bytes:
    """Return an update that reads well and means nothing."""
    clients = dice.randint(0, 3)
    out = number(clients)
    for _ in range(clients):
        count = dice.randint(0, 4)
        out += number(count) + number(dice.choice([1, 2, 3, 50])) + number(dice.choice([0, 0, 1, 2, 5, 10, *LARGE]))
        out += b"".join(_struct(dice) for _ in range(count))
    deleters = dice.randint(0, 2)
    out += number(deleters)
    for _ in range(deleters):
        ranges = dice.randint(0, 2)
        out += number(dice.choice([1, 2, 3, 99])) + number(ranges)
        out += b"".join(number(dice.choice(LARGE)) + number(dice.choice(LARGE)) for _ in range(ranges))
    return out


def _struct(dice: random.Random) -> bytes:
    kind = dice.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    info = kind | dice.choice([0, 0x80, 0x40, 0xC0, 0x20])
    out = bytes([info])
    if kind in (0, 10):
        return out + _number(dice)
    out += _id(dice) if info & 0x80 else b""
    out += _id(dice) if info & 0x40 else b""
    if not info & 0xC0:
        out += dice.choice([b"\x01\x01t", b"\x01\x01m", b"\x01\x01l"]) if dice.random() < 0.7 else b"\x00" + _id(dice)
        out += b"\x01a" if info & 0x20 else b""
    return out + _content(dice, kind)


def _content(dice: random.Random, kind: int) -> bytes:
    count = dice.randint(0, 3)
    text = dice.choice(TEXTS)
    type_ = dice.choice([0, 1, 2, 3, 4, 5, 6, 7, 15])
    return {
        1: _number(dice),
        2: number(count) + b"\x011" * count,
        3: number(len(text)) + text,
        4: number(len(text)) + text,
        5: b"\x02{}",
        6: b"\x01b\x04true",
        7: bytes([type_]) + (b"\x01p" if type_ in (3, 5) else b""),
        8: number(count) + b"".join(dice.choice(VALUES) for _ in range(count)),
        9: b"\x01g\x76\x00",
    }.get(kind, b"")


def _id(dice: random.Random) -> bytes:
    return number(dice.choice([1, 2, 3, 99])) + _number(dice)


def _number(dice: random.Random) -> bytes:
    return number(dice.choice(LARGE) if dice.random() < 0.3 else dice.randint(0, 20))


def frame(dice: random.Random) -> bytes:
    """Return a frame that is some of what the protocols have, with anything in it."""
    what = dice.randrange(6)
    if what == 0:
        return dice.randbytes(dice.randint(0, 20))
    if what == 1:
        return frames.ask(dice.choice([b"\x00", _vector(dice), dice.randbytes(dice.randint(0, 8))]))
    if what == 2:
        return frames.said([_state(dice) for _ in range(dice.randint(0, 3))])
    if what == 3:
        return b"\x03"
    _, updates = document_of(dice)
    update = junk(dice) if dice.random() < 0.5 or not updates else broken(dice, updates)
    return frames.change(update) if dice.random() < 0.7 else frames.answer(update)


def _vector(dice: random.Random) -> bytes:
    count = dice.randint(0, 3)
    return number(count) + b"".join(number(dice.choice([1, 2, 50])) + number(dice.choice(LARGE)) for _ in range(count))


def _state(dice: random.Random) -> frames.State:
    texts = ["null", "{}", '{"cursor": NaN}', "[" * 2_000, '{"user": {"name": "Somebody"}}', '{"server": {}}', "\0", ""]
    return frames.State(dice.choice([0, 1, 7, *LARGE]), dice.choice([0, 1, 2, *LARGE]), dice.choice(texts))
