"""Loops that should turn for as long as their process lives; the watchdog asks which of them turns no more."""

from __future__ import annotations

from collections.abc import Mapping

_turns: dict[str, int] = {}


def begin(loop: str) -> None:
    """Say that ``loop`` is to be watched from now on."""
    _turns[loop] = 0


def note(loop: str) -> None:
    """Say that ``loop`` has come round once more; one that is not watched is nobody's concern."""
    if loop in _turns:
        _turns[loop] += 1


def forget(loop: str) -> None:
    """Say that ``loop`` is to end: it is watched no more."""
    _turns.pop(loop, None)


class Standstill:
    """Counts in how many looks one after another a loop was found where it was.

    Looks are counted and not seconds: a process that was frozen has seen its loops stand still once, however long it was.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._seen: dict[str, tuple[int, int]] = {}

    def look(self, turns: Mapping[str, int] = _turns) -> list[str]:
        """Note one look and return the loops that have stood still in so many."""
        self._seen = {loop: (now, self._in_vain(loop, now)) for loop, now in dict(turns).items()}
        return [loop for loop, (_, in_vain) in self._seen.items() if in_vain >= self._looks]

    def _in_vain(self, loop: str, now: int) -> int:
        before, in_vain = self._seen.get(loop, (-1, 0))
        return in_vain + 1 if before == now else 0
