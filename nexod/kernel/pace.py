"""What streams by of one topic, put together: however many speak however fast, watchers get one message each EVERY_S at most.

Kept nowhere, so what it cannot pass on in time is dropped; pieces carry their place, by which a watcher notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

EVERY_S = 0.05
LONGEST = 4_000  # characters of one speaker; of more the end is told

Piece = dict[str, Any]


class Pace:
    """The pieces of one topic that were not passed on yet, one for each speaker."""

    def __init__(self, pass_on: Callable[[list[Piece]], None]) -> None:
        self._pass_on = pass_on
        self._pieces: dict[tuple[str, str], Piece] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = -EVERY_S

    def take(self, piece: Mapping[str, Any]) -> None:
        """Add a piece ``{"step", "agent", "at", "text", ...}``; ``at`` is where it belongs in the speaker's present answer."""
        speaker = (str(piece.get("step", "")), str(piece.get("agent", "")))
        former = self._pieces.get(speaker)
        goes_on = former is not None and piece["at"] == former["at"] + len(former["text"])
        text = former["text"] + piece["text"] if former is not None and goes_on else piece["text"]
        at = former["at"] if former is not None and goes_on else piece["at"]
        cut = max(0, len(text) - LONGEST)
        self._pieces[speaker] = {**piece, "at": at + cut, "text": text[cut:]}
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told_at + EVERY_S), self._tell)

    def give_way(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Pass on what is held back before these events, or drop what they tell anyway when it is too soon for that."""
        if not self._pieces:
            return
        if asyncio.get_running_loop().time() - self._told_at >= EVERY_S:
            self._tell()
            return
        for event in events:
            data = event.get("data") or {}
            for step, agent in list(self._pieces):
                if step == data.get("step") and data.get("agent", agent) == agent:
                    del self._pieces[step, agent]

    def end(self) -> None:
        """Pass on nothing more."""
        self._stop()
        self._pieces.clear()

    def _tell(self) -> None:
        self._stop()
        pieces, self._pieces = list(self._pieces.values()), {}
        if pieces:
            self._told_at = asyncio.get_running_loop().time()
            self._pass_on(pieces)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
