"""Carries messages from synchronous code to the channel layer: one thread, one event loop, one connection per process.

``async_to_sync(group_send)`` would open a loop and a connection for every message, in the middle of a step.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer
from redis import RedisError

from nexod.kernel.fold import Fold, Piece, Told

LIMIT = 10_000
DRAIN_S = 2.0
logger = logging.getLogger(__name__)

Message = dict[str, Any]


class Outbox:
    """Sends in the order of ``put``, soon, without making anybody wait. Messages are hints: over LIMIT they are dropped."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: asyncio.Queue[tuple[str, Message]] | None = None
        self._folds: dict[tuple[str, str], Fold] = {}

    def put(self, topic: str, message: Message) -> None:
        """Send ``message`` to the group ``topic``."""
        loop = self._loop or self._start()
        loop.call_soon_threadsafe(self._enqueue, topic, message)

    def fold(self, topic: str, kind: str, piece: Piece) -> None:
        """Send, some time soon and together with others, that ``piece["id"]`` moved; see ``nexod.kernel.fold``."""
        loop = self._loop or self._start()
        found = self._folds.get((topic, kind))
        if found is None:
            with self._starting:
                found = self._folds.setdefault((topic, kind), Fold(loop, "id", self._folded(topic, kind)))
        found.take(piece)

    def _folded(self, topic: str, kind: str) -> Callable[[Told], None]:
        return lambda told: self._enqueue(topic, {"kind": kind, **told})

    def drain(self) -> None:
        """Wait until everything is sent, DRAIN_S at most: for the end of a process, and for tests."""
        if self._loop is None or self._queue is None:
            return
        done = asyncio.run_coroutine_threadsafe(self._drained(self._queue), self._loop)
        try:
            done.result(DRAIN_S)
        except TimeoutError:
            done.cancel()

    async def _drained(self, queue: asyncio.Queue[tuple[str, Message]]) -> None:
        for fold in list(self._folds.values()):
            fold.tell()
        await queue.join()

    def _start(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                loop, ready = asyncio.new_event_loop(), threading.Event()
                threading.Thread(target=self._run, args=(loop, ready), name="outbox", daemon=True).start()
                ready.wait()
                self._loop = loop
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        asyncio.set_event_loop(loop)
        self._queue = asyncio.Queue(LIMIT)
        ready.set()
        loop.run_until_complete(self._send_for_ever(self._queue))

    def _enqueue(self, topic: str, message: Message) -> None:
        if self._queue is not None and not self._queue.full():
            self._queue.put_nowait((topic, message))

    async def _send_for_ever(self, queue: asyncio.Queue[tuple[str, Message]]) -> None:
        layer = get_channel_layer()
        while True:
            topic, message = await queue.get()
            try:
                if layer is not None:
                    await layer.group_send(topic, {"type": "topic.message", "topic": topic, "message": message})
            except (RedisError, OSError) as error:  # a hint that is lost is harmless; the next one may get through
                logger.warning("A live message was lost", extra={"reason": type(error).__name__})
            finally:
                queue.task_done()


outbox = Outbox()
# A forked child has the parent's loop but not its thread.
os.register_at_fork(after_in_child=outbox._forget)
atexit.register(outbox.drain)
