"""What people in one room say of themselves (cursors, names), told to everybody in every process, some times a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from collaboration.crdt import frames
from collaboration.crdt.awareness import Awareness
from collaboration.crdt.frames import State
from collaboration.crdt.presence import PROCESS
from collaboration.crdt.seat import Seat
from nexod.kernel import topics
from nexod.kernel.hub import Message
from nexod.kernel.topics import Topic

# Stock clients tell on everything that they hear, so each telling comes back as often as there are clients.
TOLD_EVERY_S = 0.1


class Voices:
    """The awareness of one room. ``send`` gives a frame to everybody in it."""

    def __init__(self, topic: Topic, send: Callable[[bytes], None]) -> None:
        self._awareness = Awareness()
        self._topic, self._send = topic, send
        self._news: dict[int, State] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told_at = 0.0
        self._told: set[int] = set()
        self._served_seq = 0

    def hear(self, seat: Seat, states: Iterable[State]) -> None:
        """Take what an editor says; raise what Awareness.hear raises."""
        news, answers = self._awareness.hear(seat.person, seat.id, states)
        if answers:
            seat.put(frames.said(answers))
        self._stir(news)

    def greet(self, seat: Seat) -> int:
        """Tell an editor who is here, and return how many bytes that is."""
        everybody = self._awareness.everybody()
        frame = frames.said(everybody)
        if everybody:
            seat.put(frame)
        return len(frame)

    def leave(self, seat: Seat) -> None:
        """Tell the others that an editor has left."""
        self._stir(self._awareness.leave(seat.id))

    def serve(self, state: dict[str, Any] | None = None, *, everywhere: bool = False) -> None:
        """Show what the server says: here, and to other processes when it was not they who told; None: the same again.

        What another process says late, of a state before the one that is shown, is not shown any more.
        """
        if state is not None:
            seq = state.get("seq", self._served_seq)
            if seq < self._served_seq:
                return
            self._served_seq = seq
        self._stir(self._awareness.serve(state), is_ours=False)
        if state is not None and everywhere:
            topics.tell(self._topic, {"server": state, "from": PROCESS})

    def expire(self) -> None:
        """Let those go whom nobody has heard of."""
        self._stir(self._awareness.expire(), is_ours=False)

    def ask(self) -> None:
        """Ask the other processes who is there."""
        topics.tell(self._topic, {"ask": PROCESS})

    def relay(self, message: Message) -> None:
        """Take what another process told."""
        if message.get("from") == PROCESS or message.get("ask") == PROCESS:
            return
        if "server" in message:
            self.serve(message["server"])
        elif "ask" in message:
            self._tell(self._awareness.ours())
        elif "states" in message:
            news, here = self._awareness.relay((State(*state), person) for *state, person in message["states"])
            self._stir(news, is_ours=False)
            if here:
                # Who hears that of itself says that it is still here.
                self._send(frames.said(here))

    def close(self) -> None:
        """Tell what is left to tell."""
        if self._timer is not None:
            self._timer.cancel()
            self._flush()

    def _stir(self, news: Iterable[State], *, is_ours: bool = True) -> None:
        for state in news:
            self._news[state.client] = state
            (self._told.add if is_ours else self._told.discard)(state.client)
        if self._news and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._told_at + TOLD_EVERY_S), self._flush)

    def _flush(self) -> None:
        self._timer, self._told_at = None, asyncio.get_running_loop().time()
        news, self._news = self._news, {}
        ours, self._told = self._told, set()
        self._send(frames.said(news.values()))
        self._tell((state, self._awareness.person_of(state.client)) for state in news.values() if state.client in ours)

    def _tell(self, states: Iterable[tuple[State, str]]) -> None:
        if told := [[*state, person] for state, person in states]:
            topics.tell(self._topic, {"states": told, "from": PROCESS})
