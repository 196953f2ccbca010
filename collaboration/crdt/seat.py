"""One editor's place in a room: how fast it may speak, and what waits until it has read what it was sent."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from uuid import UUID, uuid4

from collaboration.crdt.awareness import Person
from nexod.kernel.errors import NexodError, RateLimited

WAITING_LIMIT = 512 * 1024
FRAMES_PER_S, FRAMES_AT_ONCE = 100, 500
BYTES_PER_S, BYTES_AT_ONCE = 256 * 1024, 4 * 1024 * 1024
# What is made for one editor because it asked: a whole document some times, then what one that is at work lacks.
ANSWERED_PER_S, ANSWERED_AT_ONCE = 1024 * 1024, 32 * 1024 * 1024


class TooFast(RateLimited):
    """You send, or ask for, more than anybody can type or read."""

    code = "too_fast"


class Bucket:
    """What may pass in a second, and at once after a silence."""

    def __init__(self, per_s: float, at_once: float) -> None:
        self._per_s, self._at_once = per_s, at_once
        self._left, self._at = float(at_once), time.monotonic()

    def take(self, amount: float) -> None:
        """Let that much pass; raise TooFast."""
        now = time.monotonic()
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_s)
        self._at = now
        if amount > self._left:
            raise TooFast
        self._left -= amount


class Seat:
    """What is waiting is bounded: who reads slower than the others write has it thrown away, and is brought up to date instead."""

    def __init__(self, person: Person, author: UUID, *, may_write: bool) -> None:
        self.id, self.person, self.author, self.may_write = uuid4().hex, person, author, may_write
        self.is_lost = self.has_asked = False
        self.is_asked = False
        self.incomplete = 0
        self.vector: bytes | None = None
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._refused: NexodError | None = None
        self._frames = Bucket(FRAMES_PER_S, FRAMES_AT_ONCE)
        self._traffic = Bucket(BYTES_PER_S, BYTES_AT_ONCE)
        self._answers = Bucket(ANSWERED_PER_S, ANSWERED_AT_ONCE)

    def speak(self, size: int) -> None:
        """Count a message of that many bytes; raise TooFast."""
        self._frames.take(1)
        self._traffic.take(size)

    def owe(self, size: int) -> None:
        """Count an answer of that many bytes that was made for this editor alone; raise TooFast."""
        self._answers.take(size)

    @property
    def is_refused(self) -> bool:
        """Say whether the seat has ended."""
        return self._refused is not None

    def put(self, frame: bytes, vector: bytes | None = None) -> None:
        """Let the frame be sent, unless there is no room for it: then everything that waits is thrown away.

        ``vector`` says, for updates, what the editor had before: ``self.vector`` is what it has while some are waiting.
        """
        if self.is_lost:
            return
        if self.vector is None:
            self.vector = vector
        if self._bytes + len(frame) > WAITING_LIMIT and self._waiting:
            self._waiting.clear()
            self._bytes, self.is_lost = 0, True
        else:
            self._waiting.append(frame)
            self._bytes += len(frame)
        self._news.set()

    def refuse(self, error: NexodError) -> None:
        """End the seat: ``frame`` raises the error."""
        self._refused = self._refused or error
        self._news.set()

    async def frame(self) -> bytes | None:
        """Return what is to be sent next, or None when some was thrown away; raise why the seat has ended."""
        while True:
            if self._refused is not None:
                raise self._refused
            if self._waiting:
                frame = self._waiting.popleft()
                self._bytes -= len(frame)
                if not self._waiting:
                    self.vector = None
                return frame
            if self.is_lost:
                self.is_lost = False
                return None
            self._news.clear()
            await self._news.wait()
