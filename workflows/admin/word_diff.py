"""Two texts, word by word: what is gone, what is new, and the lines in which nothing changed left out. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

MAX_LINES = 2_000
MAX_WORDS = 1_200
"""Of a text and of a line. Comparing takes the square of them in the worst case, and models write what they like."""
AROUND = 1
"""How many lines of what stayed the same are shown beside a change."""
ALIKE = 0.35
"""Lines that share less than this are shown as one gone and one new, not as a mosaic."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison: its pieces as (mark, text), where a mark is ``gone``, ``new`` or empty; or so many left out."""

    pieces: tuple[tuple[str, str], ...] = ()
    left_out: int = 0

    @property
    def is_changed(self) -> bool:
        """Say whether anything in it differs."""
        return any(mark for mark, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the comparison side by side: what was there before and what is there now; or so many lines left out."""

    before: tuple[tuple[str, str], ...] = ()
    now: tuple[tuple[str, str], ...] = ()
    left_out: int = 0


def side_by_side(lines: Sequence[Line]) -> list[Row]:
    """Return the lines of a comparison as rows; what took the place of a line stands beside it."""
    rows: list[Row] = []
    for line in lines:
        if not line.is_changed:
            rows.append(Row(line.pieces, line.pieces, line.left_out))
            continue
        before = tuple(piece for piece in line.pieces if piece[0] != "new")
        now = tuple(piece for piece in line.pieces if piece[0] != "gone")
        if before or not rows or rows[-1].now or rows[-1].left_out or not rows[-1].before:
            rows.append(Row(before, now))
        else:
            rows[-1] = Row(rows[-1].before, now)
    return rows


def compared(before: str, now: str) -> list[Line]:
    """Return how the first MAX_LINES lines of ``now`` differ from those of ``before``; nothing where the texts are the same."""
    if before == now:
        return []
    return list(_folded(list(_lines(before.splitlines()[:MAX_LINES], now.splitlines()[:MAX_LINES]))))


def is_cut(*texts: str) -> bool:
    """Say whether one of the texts is longer than what is compared."""
    return any(len(text.splitlines()) > MAX_LINES for text in texts)


def _lines(before: list[str], now: list[str]) -> Iterator[Line]:
    matcher = difflib.SequenceMatcher(None, before, now, autojunk=max(len(before), len(now)) > MAX_WORDS)
    for kind, i, j, k, m in matcher.get_opcodes():
        gone, new = before[i:j], now[k:m]
        if kind == "equal":
            yield from (Line((("", line),)) for line in new)
            continue
        pairs = min(len(gone), len(new))
        for old, fresh in zip(gone[:pairs], new[:pairs], strict=True):
            yield from _pair(old, fresh)
        yield from (Line((("gone", line),)) for line in gone[pairs:])
        yield from (Line((("new", line),)) for line in new[pairs:])


def _pair(before: str, now: str) -> Iterator[Line]:
    old, new = _WORD.findall(before), _WORD.findall(now)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if max(len(old), len(new)) > MAX_WORDS or matcher.ratio() < ALIKE:
        yield from (Line(((mark, text),)) for mark, text in (("gone", before), ("new", now)) if text)
        return
    pieces = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(("", "".join(new[k:m])))
            continue
        pieces += [(mark, "".join(words)) for mark, words in (("gone", old[i:j]), ("new", new[k:m])) if words]
    yield Line(tuple(pieces))


def _folded(lines: list[Line]) -> Iterator[Line]:
    """Leave out what is far from every change; a single line is shown rather than counted."""
    near = [False] * len(lines)
    for place, line in enumerate(lines):
        if line.is_changed:
            for other in range(max(0, place - AROUND), min(len(lines), place + AROUND + 1)):
                near[other] = True
    for shown, stretch in groupby(zip(lines, near, strict=True), key=lambda pair: pair[1]):
        found = [line for line, _ in stretch]
        if shown or len(found) == 1:
            yield from found
        else:
            yield Line(left_out=len(found))
