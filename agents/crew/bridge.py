"""A crew thinks in threads of its own; what it asks of the model and the run is done in the thread that called for the crew.

There the database connection, the tenant, the run and the caller's signals are; CrewAI's threads know none of them.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
LAST_WORDS_S = 5.0


class Stopped(Exception):
    """The crew has to stop: something that it asked for failed, or its caller has gone."""


class Bridge:
    """Runs one crew. After the first failure everything else that the crew asks for is refused with Stopped."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._closed = False

    def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, done in a thread of its own; raise the first failure of what it asked for."""
        outcome: Future[T] = Future()
        context = contextvars.copy_context()
        thread = Thread(target=self._work, args=(context, work, outcome), name="crew", daemon=True)
        thread.start()
        try:
            while (asked := self._asked.get()) is not None:
                self._answer(*asked)
        finally:
            self._closed = True
            self._refuse_the_rest()
            thread.join(LAST_WORDS_S)
        if self._failure is not None:
            raise self._failure
        return outcome.result()

    def call(self, ask: Callable[[], T]) -> T:
        """From any thread of the crew: return what ``ask`` returns in the caller's thread; raise Stopped when it fails."""
        answer: Future[T] = Future()
        self._asked.put((ask, answer))
        if self._closed:
            self._refuse_the_rest()
        return answer.result()

    def _answer(self, ask: Callable[[], Any], answer: Future[Any]) -> None:
        if self._failure is not None:
            answer.set_exception(Stopped())
            return
        try:
            answer.set_result(ask())
        except BaseException as error:
            self._failure = error  # raised by run(), when the crew has come to a stop
            answer.set_exception(Stopped())
            if not isinstance(error, Exception):
                raise

    def _refuse_the_rest(self) -> None:
        with suppress(Empty):
            while True:
                if (asked := self._asked.get_nowait()) is not None:
                    asked[1].set_exception(Stopped())

    def _work(self, context: contextvars.Context, work: Callable[[], T], outcome: Future[T]) -> None:
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001  raised again by run(), in the caller's thread
            outcome.set_exception(error)
        finally:
            self._asked.put(None)
