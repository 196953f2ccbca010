"""What a Yjs update of a stranger may be made of: read here whole before the library sees it, which trusts what it decodes.

The format is that of Yjs' ``UpdateDecoderV1``. Deep nesting, numbers near the end of a machine word and contents that no editor
makes (subdocuments, moves, links, what Yjs wrote years ago) were seen to end or to spoil the process that decodes them.
"""

from __future__ import annotations

from collections.abc import Callable

from collaboration.crdt.reader import Malformed, Reader

DEPTH_LIMIT = 100
CLOCK_LIMIT = 2**30
OBJECT, LIST = 118, 117
GAP, SKIP = 0, 10


def require_sound(update: bytes) -> None:
    """Raise Malformed for an update that is not written as Yjs writes what editors do."""
    reader = Reader(update)
    for _ in range(reader.number()):
        count = reader.number()
        reader.number()
        _clock(reader)
        for _ in range(count):
            _struct(reader)
    for _ in range(reader.number()):
        reader.number()
        for _ in range(reader.number()):
            _clock(reader)
            _length(reader)
    if not reader.is_at_end:
        raise Malformed


def require_vector(vector: bytes) -> None:
    """Raise Malformed for a state vector that says more clients than it has: the library makes room for as many as it says."""
    reader = Reader(vector)
    for _ in range(reader.number()):
        reader.number()
        reader.number()
    if not reader.is_at_end:
        raise Malformed


def _struct(reader: Reader) -> None:
    info = reader.byte()
    kind = info & 31
    if kind in (GAP, SKIP):
        _length(reader)
        return
    if info & 0x80:
        _id(reader)
    if info & 0x40:
        _id(reader)
    if not info & 0xC0:
        _id_or_name(reader)
        if info & 0x20:
            reader.bytes()
    if kind not in CONTENTS:
        raise Malformed
    CONTENTS[kind](reader)


def _clock(reader: Reader) -> None:
    if reader.number() >= CLOCK_LIMIT:
        raise Malformed


def _length(reader: Reader) -> None:
    if not 0 < reader.number() < CLOCK_LIMIT:
        raise Malformed


def _text(reader: Reader) -> None:
    if not reader.bytes():
        raise Malformed


def _id(reader: Reader) -> None:
    reader.number()
    _clock(reader)


def _id_or_name(reader: Reader) -> None:
    if reader.number() == 1:
        reader.bytes()
    else:
        _id(reader)


def _format(reader: Reader) -> None:
    reader.bytes()
    reader.bytes()


def _type(reader: Reader) -> None:
    kind = reader.number()
    if kind > 6:
        raise Malformed
    if kind in (3, 5):
        reader.bytes()


def _values(reader: Reader) -> None:
    count = reader.number()
    if not count:
        raise Malformed
    for _ in range(count):
        _value(reader, 0)


def _value(reader: Reader, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise Malformed("What is nested deeper than 100 levels cannot be edited together.")
    kind = reader.byte()
    if kind in PLAIN:
        PLAIN[kind](reader)
    elif kind == OBJECT:
        for _ in range(reader.number()):
            reader.bytes()
            _value(reader, depth + 1)
    elif kind == LIST:
        for _ in range(reader.number()):
            _value(reader, depth + 1)
    else:
        raise Malformed


def _skip(count: int) -> Callable[[Reader], None]:
    def skip(reader: Reader) -> None:
        for _ in range(count):
            reader.byte()

    return skip


def _signed(reader: Reader) -> None:
    while reader.byte() > 127:
        pass


CONTENTS: dict[int, Callable[[Reader], object]] = {
    1: _length, 3: Reader.bytes, 4: _text, 5: Reader.bytes, 6: _format, 7: _type, 8: _values,
}  # fmt: skip
PLAIN: dict[int, Callable[[Reader], object]] = {
    127: _skip(0), 126: _skip(0), 125: _signed, 124: _skip(4), 123: _skip(8), 122: _skip(8), 121: _skip(0), 120: _skip(0),
    119: Reader.bytes, 116: Reader.bytes,
}  # fmt: skip
