"""Things with sockets that all threads of a process share."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """Something that holds sockets until it is closed."""

    def close(self) -> None:
        """Let go of them."""


T = TypeVar("T", bound=Closable)


class OnePerProcess(Generic[T]):
    """Called, it returns the one that this process has: made when first asked for, closed when the process ends.

    A forked process has forgotten its parent's and makes its own: a socket that two share mixes their answers.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._lock = Lock()
        atexit.register(self._close)
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> T:
        """Return it. Of threads that begin at once one makes it: the sockets of the others' would be left open."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _forget(self) -> None:
        self._lock, self._made = Lock(), None

    def _close(self) -> None:
        if self._made is not None:
            self._made.close()
