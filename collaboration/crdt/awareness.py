"""Who says what of themselves in a document (y-protocols awareness): checked to be theirs, relayed, never stored.

Stock clients tell on what they hear, and take away whom they have not heard of for a while; so what is not news is let pass in
silence, and only news about somebody else's client is a lie.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from collaboration.crdt.frames import State
from collaboration.crdt.reader import Malformed
from nexod.kernel.errors import PermissionDenied, RateLimited, TooLarge

STATE_LIMIT = 8 * 1024
CLIENTS_LIMIT = 8
EXPIRES_S = 30.0
REMEMBERED = 2_000
SERVER = 0
NOBODY = "null"


class Impostor(PermissionDenied):
    """Nobody may speak as somebody else."""

    code = "impostor"


class Person(NamedTuple):
    """Whose words they are: id and name of the user."""

    id: str
    name: str


class Left(NamedTuple):
    """What is remembered of a client that has left: only its own person brings it back, and says something newer."""

    clock: int
    person: str

    def lets_in(self, clock: int, person: str) -> bool:
        """Say whether it may come again like that."""
        return clock > self.clock and self.person in ("", person)


@dataclass
class Presence:
    """What is known of one client. ``seats`` are the sockets of this process that speak for it; none: it is another process's."""

    clock: int
    text: str
    person: str
    seats: set[str] = field(default_factory=set)
    heard: float = field(default_factory=time.monotonic)


class Awareness:
    """The states of everybody in a document, in all processes, and of the server, which is client 0."""

    def __init__(self) -> None:
        self._known: dict[int, Presence] = {}
        self._left: OrderedDict[int, Left] = OrderedDict()

    def hear(self, person: Person, seat: str, states: Iterable[State]) -> tuple[list[State], list[State]]:
        """Take what a socket says; return what is news to everybody, and what its sender should hear of whom it takes for present.

        Raises Impostor, Malformed, TooLarge, or RateLimited for a socket that speaks for too many clients.
        """
        news, answers = [], []
        for state in states:
            known = self._known.get(state.client)
            if known is None:
                left = self._left.get(state.client)
                if left is not None and not left.lets_in(state.clock, person.id):
                    answers.append(State(state.client, left.clock, NOBODY))
                elif state.text != NOBODY:
                    self._arrive(person, seat, state)
                    news.append(state)
            elif self._is_news(known, state, person):
                self._change(known, state, person, seat)
                news.append(state)
            elif state == (state.client, known.clock, known.text) and known.person == person.id:
                self._take_over(known, seat)
        return news, answers

    def relay(self, states: Iterable[tuple[State, str]]) -> tuple[list[State], list[State]]:
        """Take what another process heard, with the id of whose words it is; return what is news here, and who is said to have
        left but speaks here now."""
        news, here = [], []
        for state, person in states:
            known = self._known.get(state.client)
            if not self._is_fresh(known, state, person):
                continue
            if state.text != NOBODY:
                self._known[state.client] = Presence(state.clock, state.text, person, known.seats if known else set())
            elif known is not None and known.seats:
                here.append(state)
                continue
            else:
                self._forget(state.client, state.clock)
            news.append(state)
        return news, here

    def leave(self, seat: str) -> list[State]:
        """Forget whom only this socket spoke for; return what tells the others so."""
        spoken_for = [client for client, known in self._known.items() if seat in known.seats]
        for client in spoken_for:
            self._known[client].seats.discard(seat)
        return self._remove([client for client in spoken_for if not self._known[client].seats])

    def expire(self) -> list[State]:
        """Forget whom nobody has heard of for EXPIRES_S; return what tells the others so."""
        silent = time.monotonic() - EXPIRES_S
        return self._remove(
            [client for client, known in self._known.items() if known.heard < silent and client != SERVER]
        )

    def serve(self, state: dict[str, Any] | None = None) -> list[State]:
        """Let the server say ``state`` (None: the same again, so that nobody takes it for gone); return it."""
        known = self._known.get(SERVER)
        if state is not None:
            text = json.dumps({"server": state}, separators=(",", ":"))
        elif known is not None:
            text = known.text
        else:
            return []
        # Processes agree on the time better than on anything else, and clients move from one to another.
        clock = max(time.time_ns() // 1_000_000, known.clock + 1 if known else 0)
        self._known[SERVER] = Presence(clock, text, "")
        return [State(SERVER, clock, text)]

    def everybody(self) -> list[State]:
        """Return all states."""
        return [State(client, known.clock, known.text) for client, known in self._known.items()]

    def ours(self) -> list[tuple[State, str]]:
        """Return the states that sockets of this process speak for, with whose words they are."""
        return [
            (State(client, known.clock, known.text), known.person)
            for client, known in self._known.items()
            if known.seats
        ]

    def person_of(self, client: int) -> str:
        """Return the id of whose client it is."""
        return self._known[client].person if client in self._known else ""

    def _is_news(self, known: Presence, state: State, person: Person) -> bool:
        """Raise Impostor when somebody else says what is news."""
        is_news = state.clock > known.clock
        if known.person == person.id:
            return is_news or (state.clock == known.clock and state.text == NOBODY)
        if is_news:
            raise Impostor("Another person's client has said no such thing.")
        return False

    def _arrive(self, person: Person, seat: str, state: State) -> None:
        _require_own(person, state)
        if state.client == SERVER:
            raise Impostor
        if sum(seat in known.seats for known in self._known.values()) >= CLIENTS_LIMIT:
            raise RateLimited("A socket speaks for eight clients at most.")
        self._known[state.client] = Presence(state.clock, state.text, person.id, {seat})
        self._left.pop(state.client, None)

    def _change(self, known: Presence, state: State, person: Person, seat: str) -> None:
        if state.text == NOBODY:
            self._forget(state.client, state.clock)
            return
        _require_own(person, state)
        known.clock, known.text, known.heard = state.clock, state.text, time.monotonic()
        self._take_over(known, seat)

    def _take_over(self, known: Presence, seat: str) -> None:
        """A socket that spoke for nobody before speaks for itself: it has come again. Others tell on what another tab said."""
        if not any(seat in one.seats for one in self._known.values()):
            known.seats.add(seat)

    def _is_fresh(self, known: Presence | None, state: State, person: str) -> bool:
        if known is None:
            left = self._left.get(state.client)
            return state.text != NOBODY and (left is None or left.lets_in(state.clock, person))
        if state.text == NOBODY:
            return state.clock >= known.clock
        return state.clock > known.clock and known.person == person

    def _remove(self, clients: Sequence[int]) -> list[State]:
        gone = [State(client, self._known[client].clock, NOBODY) for client in clients]
        for state in gone:
            self._forget(state.client, state.clock)
        return gone

    def _forget(self, client: int, clock: int) -> None:
        known, left = self._known.pop(client, None), self._left.pop(client, None)
        self._left[client] = Left(clock, known.person if known else left.person if left else "")
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)


def _require_own(person: Person, state: State) -> None:
    """Raise unless the state is JSON that says of ``user`` what is true."""
    if len(state.text) > STATE_LIMIT:
        raise TooLarge("A state has at most 8 KB.")
    try:
        said = json.loads(state.text, parse_constant=_nothing_like_it)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(said, dict) or "server" in said:
        raise Malformed
    user = said.get("user", {})
    if not isinstance(user, dict):
        raise Malformed
    if user.get("id", person.id) != person.id or user.get("name", person.name) != person.name:
        raise Impostor("user.id and user.name are not yours.")


def _nothing_like_it(name: str) -> None:
    """NaN and Infinity are no JSON: everybody else's client would fail at them."""
    raise ValueError(name)
