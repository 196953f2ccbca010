"""A text becomes another one by few insertions and deletions, so that what others write in it at the same time stays."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from pycrdt import Doc, Text

TOKENS_LIMIT = 3_000
"""Beyond that many words the differing middle is replaced as a whole: comparing costs their square."""
_TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


def rewrite(text: Text, after: str) -> None:
    """Let a shared text say ``after``."""
    before = str(text)
    for start, end, new in reversed(edits(before, after)):
        begin = len(before[:start].encode())  # the library counts bytes of UTF-8
        if end > start:
            del text[begin : begin + len(before[start:end].encode())]
        if new:
            text.insert(begin, new)


def edits(before: str, after: str) -> list[tuple[int, int, str]]:
    """Return ``(start, end, new)``, in order: which characters of ``before`` become what."""
    head = _shared_length(before, after)
    tail = _shared_length(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if not old or not new:
        return [(head, head + len(old), new)] if old or new else []
    olds, news = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(olds), len(news)) > TOKENS_LIMIT:
        return [(head, head + len(old), new)]
    starts = [head]
    for token in olds:
        starts.append(starts[-1] + len(token))
    matcher = SequenceMatcher(None, olds, news, autojunk=False)
    return [
        (starts[first], starts[last], "".join(news[low:high]))
        for sort, first, last, low, high in matcher.get_opcodes()
        if sort != "equal"
    ]


def three_way(base: str, ours: str, theirs: str) -> str:
    """Return ``ours`` with what ``theirs`` changed in ``base``: both are replayed on one shared text."""
    if base in (ours, theirs) or ours == theirs:
        return theirs if base == ours else ours
    mine: Doc[Any] = Doc(client_id=1)
    mine["text"] = Text(base)
    other: Doc[Any] = Doc(client_id=2)
    other.apply_update(mine.get_update())
    rewrite(mine["text"], ours)
    rewrite(other.get("text", type=Text), theirs)
    mine.apply_update(other.get_update())
    return str(mine["text"])


def _shared_length(one: str, other: str) -> int:
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle)
    return low
