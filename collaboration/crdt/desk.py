"""Where what editors send to one room arrives: taken in batches, judged one by one, committed together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import groupby

from collaboration.crdt import frames
from collaboration.crdt.frames import Ask, Change
from collaboration.crdt.original import Original, merged
from collaboration.crdt.reader import Malformed
from collaboration.crdt.replica import EMPTY, Incomplete
from collaboration.crdt.seat import Seat
from collaboration.crdt.store import Edit
from nexod.kernel.errors import NexodError, Unavailable

BATCH_S = 0.025
# A database that does not answer is not waited for with more than that.
ARRIVED_LIMIT, ARRIVED_BYTES = 5_000, 32 * 1024 * 1024
# What may be ahead of the answer to what a client was asked: what is typed while the line comes back.
AHEAD_LIMIT = 50

Waiting = tuple[Seat, Ask | Change]


class Desk:
    """``take`` what comes; ``work`` is the task that does something about it."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._arrived: list[Waiting] = []
        self._bytes = 0
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._committed_at = 0.0

    def take(self, seat: Seat, frame: Ask | Change) -> None:
        """Take what an editor sends; raise Unavailable when too much is waiting."""
        if len(self._arrived) >= ARRIVED_LIMIT or self._bytes >= ARRIVED_BYTES:
            raise Unavailable("Changes cannot be kept as fast as they come.")
        if isinstance(frame, Change):
            if frame.update == EMPTY and not frame.is_answer:
                return
            self._bytes += len(frame.update)
        self._arrived.append((seat, frame))
        self._idle.clear()
        self._wake.set()

    def ask(self, seat: Seat) -> None:
        """Ask an editor for what it has beyond the document."""
        seat.is_asked = True
        seat.put(frames.ask(self._original.vector))

    async def cleared(self) -> None:
        """Wait until everything that came is committed, or given up."""
        await self._idle.wait()

    def give_up(self) -> None:
        """Forget what waits: nobody works on it any more."""
        self._arrived.clear()
        self._idle.set()

    async def work(self) -> None:
        """Take what arrived, in one turn after the other."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            if any(isinstance(frame, Change) for _seat, frame in self._arrived):
                await asyncio.sleep(self._committed_at + BATCH_S - loop.time())
            self._wake.clear()
            async with self._original.turn():
                arrived, self._arrived, self._bytes = self._arrived, [], 0
                await self._keep(arrived)
                await self._answer(arrived)
            if not self._arrived:
                self._idle.set()

    async def _keep(self, arrived: Sequence[Waiting]) -> None:
        edits: list[Edit] = []
        for seat, frame in arrived:
            if isinstance(frame, Change) and not seat.is_refused:
                await self._judge(seat, frame, edits)
        if edits:
            self._committed_at = asyncio.get_running_loop().time()
            await self._original.commit(_joined(edits))

    async def _judge(self, seat: Seat, frame: Change, edits: list[Edit]) -> None:
        """Add to the edits what an editor really changed."""
        try:
            if changed := self._original.change(seat, frame.update):
                edits.append(Edit(changed, seat.author))
            if frame.is_answer:
                seat.is_asked, seat.incomplete = False, 0
        except NexodError as error:
            self._refuse(seat, frame, error)
            await self._original.restore_if_spoilt(edit.update for edit in edits)

    async def _answer(self, arrived: Sequence[Waiting]) -> None:
        """Answer every question; who asked several has everything with the first answer."""
        answered: set[str] = set()
        for seat, frame in arrived:
            if not isinstance(frame, Ask):
                continue
            if seat.id in answered:
                seat.put(frames.answer(EMPTY), frame.vector)
                continue
            answered.add(seat.id)
            try:
                seat.owe(self._original.answer(seat, frame.vector))
            except NexodError as error:
                seat.refuse(error)
            await asyncio.sleep(0)  # two hundred who come at once ask for everything, and others are served meanwhile

    def _refuse(self, seat: Seat, frame: Change, error: NexodError) -> None:
        """Show the sender out, unless its update is only ahead of another one: then everything that is missing is asked for.

        That is usual when somebody types while the line comes back, or when two tabs of one browser overtake each other.
        """
        if not isinstance(error, Incomplete):
            seat.refuse(error)
            return
        seat.incomplete += 1
        if seat.incomplete > AHEAD_LIMIT or (frame.is_answer and seat.incomplete > 1):
            seat.refuse(Malformed("Your updates build on something that is not here."))
        elif not seat.is_asked or frame.is_answer:
            self.ask(seat)


def _joined(edits: Iterable[Edit]) -> list[Edit]:
    """Return them with what one person wrote without a break as one. Their order stays: the next may build on the one before."""
    return [
        Edit(merged([edit.update for edit in theirs]), author)
        for author, theirs in groupby(edits, key=lambda edit: edit.author)
    ]
