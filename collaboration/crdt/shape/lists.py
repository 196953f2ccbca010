"""What a list becomes when a change is done to it that was meant for another state of it: elements that others changed stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collaboration.crdt.shape.rows import aligned, same

LENGTH_LIMIT = 2_000
"""A longer list is set as a whole."""


@dataclass(eq=False, slots=True)
class Item:
    """An element that stands at ``now`` and stays, if ``is_changed`` with what leads from ``old`` to ``new``; or a new one."""

    now: int | None
    old: Any = None
    new: Any = None
    is_changed: bool = False


def merged_list(before: Sequence[Any], now: Sequence[Any], after: Sequence[Any]) -> list[Item]:
    """Return the elements of ``now`` with what leads from ``before`` to ``after``; those that stay are in their old order."""
    if max(len(before), len(now), len(after)) > LENGTH_LIMIT:
        return [Item(None, new=value) for value in after]
    return _Merge(before, now, after).items()


def together(old: Any, now: Any, new: Any) -> Any:
    """Return a plain value with the changes of both sides; where both changed one value, the new one."""
    if isinstance(now, list) and isinstance(new, list):
        items = merged_list(old if isinstance(old, list) else [], now, new)
        return [_said(item, now) for item in items]
    if not (isinstance(old, dict) and isinstance(now, dict) and isinstance(new, dict)):
        return new
    found = {name: value for name, value in now.items() if name in new or name not in old}
    for name, value in new.items():
        if name not in old or not same(old[name], value):
            found[name] = together(old.get(name), now.get(name), value)
    return found


def contradict(before: Sequence[Any], one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Say whether two made different things of one element: another value, or a value and nothing."""
    first, second = dict(aligned(before, one)), dict(aligned(before, other))
    for i, value in enumerate(before):
        ours = [one[first[i]]] if i in first else []
        theirs = [other[second[i]]] if i in second else []
        if not (same(ours, [value]) or same(theirs, [value]) or same(ours, theirs)):
            return True
    return False


def _said(item: Item, now: Sequence[Any]) -> Any:
    if item.now is None:
        return item.new
    return together(item.old, now[item.now], item.new) if item.is_changed else now[item.now]


class _Merge:
    """Walks through the new list, with the place in the present one behind which it is."""

    def __init__(self, before: Sequence[Any], now: Sequence[Any], after: Sequence[Any]) -> None:
        self.before, self.now, self.after = before, now, after
        self.all = [Item(place) for place in range(len(now))]
        self.of = {i: self.all[k] for i, k in aligned(before, now)}
        self.becomes = dict(aligned(before, after))
        self.was = {j: i for i, j in self.becomes.items()}
        self.gone = {i: item for i, item in self.of.items() if i not in self.becomes}
        ours = set(self.of.values())
        self.theirs = [item for item in self.all if item not in ours]
        self.place, self.is_behind_gone, self.done = 0, False, 0

    def items(self) -> list[Item]:
        gone = set(self.gone.values())
        for j, value in enumerate(self.after):
            i = self.was.get(j)
            self._pass(len(self.before) if i is None else i)
            if i is None:
                self._put(j, value)
                continue
            self.done = i + 1
            if item := self.of.get(i):
                self._stand_behind(item)
                if not same(self.before[i], value):
                    item.old, item.new, item.is_changed = self.before[i], value, True
            elif not same(self.before[i], value):  # taken out by another while it was changed here
                self._put(j, value)
        return [item for item in self.all if item not in gone]

    def _pass(self, end: int) -> None:
        """Go behind what is gone before the next that stays."""
        while self.done < end and self.done not in self.becomes:
            if item := self.of.get(self.done):
                self._stand_behind(item)
                self.is_behind_gone = True
            self.done += 1

    def _stand_behind(self, item: Item) -> None:
        self.place, self.is_behind_gone = self.all.index(item) + 1, False

    def _put(self, j: int, value: Any) -> None:
        """Put a new element in; one that another put there already is not doubled."""
        following = self._next(j)
        end = self.all.index(following) if following else len(self.all)
        for item in self.all[self.place : end]:
            if item in self.theirs and item.now is not None and same(self.now[item.now], value):
                self.theirs.remove(item)
                self._stand_behind(item)
                return
        at = self.place if self.is_behind_gone or (following and self.place) else end
        self.all.insert(at, Item(None, new=self._moved(value)))
        self.place = at + 1

    def _next(self, j: int) -> Item | None:
        """Return the next element that stays."""
        behind = (self.of.get(self.was[n]) for n in range(j + 1, len(self.after)) if n in self.was)
        return next((item for item in behind if item), None)

    def _moved(self, value: Any) -> Any:
        """Return what a moved element says now: others may have changed it where it stood."""
        for i, item in self.gone.items():
            if item.now is not None and same(self.before[i], value):
                del self.gone[i]
                return self.now[item.now]
        return value
