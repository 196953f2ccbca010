"""Of what moves often only how it is now is told: the newest word about each thing, all of them together, a few times a second.

For hints alone: who hears that there was more than fits looks into the table.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

EVERY_S = 0.4
MOST = 100

Piece = Mapping[str, Any]
Told = dict[str, Any]


class Fold:
    """What moved since it was last told, by its key; ``take`` may be called from any thread, all else happens on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, key: str, pass_on: Callable[[Told], None]) -> None:
        """``key`` is the name under which each piece has what it is about; ``pass_on`` gets ``{"moved", "more"}``."""
        self._loop, self._key, self._pass_on = loop, key, pass_on
        self._lock = threading.Lock()
        self._pieces: dict[str, Piece] = {}
        self._more = 0
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = -EVERY_S
        self._ended = False

    def take(self, *pieces: Piece, more: int = 0) -> None:
        """Add pieces; ``more`` is of how many others nothing is known but that they moved."""
        with self._lock:
            is_first = not self._pieces and not self._more
            self._more += more
            for piece in pieces:
                name = piece[self._key]
                if name in self._pieces or len(self._pieces) < MOST:
                    self._pieces[name] = _newer(self._pieces.get(name, {}), piece)
                else:
                    self._more += 1
            is_first = is_first and bool(self._pieces or self._more)
        if is_first:
            self._loop.call_soon_threadsafe(self._plan)

    def end(self) -> None:
        """Pass on nothing more."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()

    def tell(self) -> None:
        """Pass on now what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            pieces, self._pieces = self._pieces, {}
            more, self._more = self._more, 0
        if (pieces or more) and not self._ended:
            self._told_at = self._loop.time()
            self._pass_on({"moved": list(pieces.values()), "more": more})

    def _plan(self) -> None:
        if self._timer is None and not self._ended:
            self._timer = self._loop.call_at(max(self._loop.time(), self._told_at + EVERY_S), self.tell)


def _newer(one: Piece, other: Piece) -> Piece:
    """Return both together; what the one with the higher ``seq`` says counts, for they come from many processes."""
    first, last = (other, one) if one.get("seq", 0) > other.get("seq", 0) else (one, other)
    return {**first, **last}
