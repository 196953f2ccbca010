"""Which element of a list is which of another: equal ones, then objects that share a field, then objects by their order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

COMPARED_LIMIT = 250_000
"""So many pairs of elements are compared at most: beyond that only what both lists begin and end with is the same."""
Pairs = list[tuple[int, int]]
Span = tuple[int, int, int, int]
"""Elements ``[a, b)`` of the one list and ``[c, d)`` of the other."""


def label(value: Any) -> str:
    """Return a text that is the same for equal JSON values, and only for them."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are equal; ``true`` is not ``1``."""
    if one != other or type(one) is str:
        return bool(one == other)
    return label(one) == label(other)


def aligned(old: Sequence[Any], new: Sequence[Any]) -> Pairs:
    """Return ``(place in old, place in new)`` of the elements that are in both, or changed from the one to the other, in order."""
    olds, news = [label(value) for value in old], [label(value) for value in new]
    whole = (0, len(old), 0, len(new))
    found = _common(whole, lambda i, j: olds[i] == news[j])
    for span in list(_gaps(found, whole)):
        near = _alike(old, new, span)
        found += near
        for a, b, c, d in _gaps(near, span):
            if b - a == d - c and all(isinstance(value, dict) for value in [*old[a:b], *new[c:d]]):
                found += zip(range(a, b), range(c, d), strict=True)
    return sorted(found)


def _alike(old: Sequence[Any], new: Sequence[Any], span: Span) -> Pairs:
    """Return the objects that share a field. Each is labelled once, not for each that it is compared with."""
    a, b, c, d = span
    ours, theirs = {i: _fields(old[i]) for i in range(a, b)}, {j: _fields(new[j]) for j in range(c, d)}
    return _common(span, lambda i, j: not ours[i].isdisjoint(theirs[j]))


def _fields(value: Any) -> frozenset[tuple[str, str]]:
    """Return the fields of an object with what they say; of anything else none."""
    return frozenset((name, label(inner)) for name, inner in value.items()) if isinstance(value, dict) else frozenset()


def _gaps(pairs: Pairs, span: Span) -> Iterator[Span]:
    """Return what lies between the pairs."""
    low, end, first, last = span
    for i, j in [*pairs, (end, last)]:
        if i > low or j > first:
            yield low, i, first, j
        low, first = i + 1, j + 1


def _common(span: Span, same: Callable[[int, int], bool]) -> Pairs:
    """Return the longest common row of the two."""
    a, b, c, d = span
    head: Pairs = []
    while a < b and c < d and same(a, c):
        head.append((a, c))
        a, c = a + 1, c + 1
    tail: Pairs = []
    while a < b and c < d and same(b - 1, d - 1):
        b, d = b - 1, d - 1
        tail.append((b, d))
    middle = _longest((a, b, c, d), same) if (b - a) * (d - c) <= COMPARED_LIMIT else []
    return [*head, *middle, *reversed(tail)]


def _longest(span: Span, same: Callable[[int, int], bool]) -> Pairs:
    a, b, c, d = span
    lengths = [[0] * (d - c + 1) for _ in range(b - a + 1)]
    for i in range(b - 1, a - 1, -1):
        row, below = lengths[i - a], lengths[i - a + 1]
        for j in range(d - 1, c - 1, -1):
            row[j - c] = below[j - c + 1] + 1 if same(i, j) else max(below[j - c], row[j - c + 1])
    pairs: Pairs = []
    i, j = a, c
    while i < b and j < d:
        if same(i, j):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i - a + 1][j - c] >= lengths[i - a][j - c + 1]:
            i += 1
        else:
            j += 1
    return pairs
