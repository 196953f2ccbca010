"""Where a range of text is now: by the positions that its client took, and by the words that it held."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from pycrdt import Doc, StickyIndex

from collaboration.crdt.committed import is_refusal

Range = tuple[int, int]
# Two numbers and a few bytes around them; a client that sends more sends something else.
LONGEST = 300


def positioned(doc: Doc[Any], start: str, end: str) -> Range | None:
    """Return where the two Yjs relative positions (base64) are in ``doc``, None when what they stood at is gone.

    Counted in bytes of UTF-8 and, inside of one insertion, in UTF-16: a hint of where to look, exact for ASCII alone.
    """
    first, last = (_offset(doc, given) for given in (start, end))
    return (first, last) if first is not None and last is not None and first < last else None


def located(text: str, quote: str, hint: Range | None, last: int | None = None) -> Range | None:
    """Return the characters of ``text`` that a thread about ``quote`` is about now, None when they are gone.

    ``hint`` is what ``positioned`` found, ``last`` where the range began before. The words themselves win where they are near the
    hint; without a hint they are looked for everywhere, and the nearest to where they were are taken.
    """
    if hint is None:
        return min(_places(text, quote), key=lambda place: abs(place[0] - (last or 0)), default=None)
    start, end = (_characters(text, offset) for offset in hint)
    slack = len(text.encode()) - len(text)
    near = [place for place in _places(text, quote) if place[0] <= end + slack and start - slack <= place[1]]
    if near:
        return min(near, key=lambda place: abs(place[0] - start))
    return (start, end) if text[start:end].strip() else None


def is_position(given: str) -> bool:
    """Say whether the text can be a relative position at all: short, base64, and what Yjs writes of an item or a whole text."""
    raw = _bytes(given)
    if raw is None or not 3 <= len(raw) <= LONGEST:
        return False
    numbers = _numbers(raw[1:-1])
    return raw[0] in (0, 2) and numbers == 2


def _offset(doc: Doc[Any], given: str) -> int | None:
    """Return the offset; the library panics, which is no Exception, where the item or its text is not in the document any more."""
    raw = _bytes(given)
    if raw is None or not is_position(given):
        return None
    try:
        with doc.transaction() as transaction:
            return StickyIndex.decode(raw).get_index(transaction)
    except BaseException as error:
        if not is_refusal(error):
            raise
        return None


def _places(text: str, quote: str) -> Iterator[Range]:
    at = text.find(quote) if quote else -1
    while at >= 0:
        yield at, at + len(quote)
        at = text.find(quote, at + 1)


def _characters(text: str, offset: int) -> int:
    return len(text.encode()[:offset].decode(errors="ignore"))


def _bytes(given: str) -> bytes | None:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None


def _numbers(raw: bytes) -> int | None:
    """Return how many whole variable-length numbers of at most 64 bits the bytes are, None where one is cut off or longer."""
    found, length = 0, 0
    for byte in raw:
        length += 1
        if length > 9:
            return None
        if byte < 0x80:
            found, length = found + 1, 0
    return None if length else found
