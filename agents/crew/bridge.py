"""A crew thinks in threads of its own; what it asks of the model and the run is done in the thread that called for the crew.

There the database connection, the tenant, the run and the caller's signals are; CrewAI's threads know none of them. What tasks
ask that run beside each other is done beside each other too, in threads that the caller lends its place to.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from tenants.context import release_connections

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
        self._place = contextvars.copy_context()
        self._lock = Lock()
        self._at_work = 0
        self._beside: list[Thread] = []

    def run(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, done in a thread of its own; raise the first failure of what it asked for.

        What is still being asked for then is waited for: it is paid for, and what was answered is kept.
        """
        outcome: Future[T] = Future()
        self._place = contextvars.copy_context()
        thread = Thread(target=self._work, args=(self._place.copy(), work, outcome), name="crew", daemon=True)
        thread.start()
        try:
            while (asked := self._asked.get()) is not None:
                self._answer(*asked)
        finally:
            self._closed = True
            self._refuse_the_rest()
            thread.join(LAST_WORDS_S)
        for helper in self._beside:
            helper.join()
        if self._failure is not None:
            raise self._failure
        return outcome.result()

    def call(self, ask: Callable[[], T]) -> T:
        """From any thread of the crew: return what ``ask`` returns in the caller's place; raise Stopped when it fails."""
        answer: Future[T] = Future()
        with self._lock:
            alone = self._at_work == 0
            self._at_work += 1
        try:
            if alone:
                self._asked.put((ask, answer))
            else:
                self._ask_beside(ask, answer)
            if self._closed:
                self._refuse_the_rest()
            return answer.result()
        finally:
            with self._lock:
                self._at_work -= 1

    def _ask_beside(self, ask: Callable[[], Any], answer: Future[Any]) -> None:
        helper = Thread(target=self._place.copy().run, args=(self._carry, ask, answer), name="crew-beside", daemon=True)
        helper.start()
        self._beside.append(helper)

    def _carry(self, ask: Callable[[], Any], answer: Future[Any]) -> None:
        try:
            self._answer(ask, answer)
        finally:
            release_connections()

    def _answer(self, ask: Callable[[], Any], answer: Future[Any]) -> None:
        if self._failure is not None or self._closed:
            answer.set_exception(Stopped())
            return
        try:
            answer.set_result(ask())
        except BaseException as error:
            # The first is raised by run(), when the crew has come to a stop.
            self._failure = self._failure or error
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
