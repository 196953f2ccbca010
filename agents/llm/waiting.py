"""How long a call may take, and who still waits for it: asked between the pieces of an answer and while nothing comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agents.llm.errors import ModelBusy, ModelTimeout
from nexod.kernel import run_port

NAP_S = 0.2
_deadline: ContextVar[float] = ContextVar("model_deadline", default=float("inf"))
_meanwhile: ContextVar[Callable[[], None] | None] = ContextVar("model_meanwhile", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give the model calls inside the block that long together, and no longer than a block around it gives.

    ``still_wanted`` raises ModelTimeout afterwards.
    """
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do ``work`` about twice a second while a call inside the block takes its time, beside what is done so already."""
    before = _meanwhile.get()

    def both() -> None:
        if before is not None:
            before()
        work()

    token = _meanwhile.set(both)
    try:
        yield
    finally:
        _meanwhile.reset(token)


def seconds_left() -> float:
    """Return how long the present call may still take."""
    return _deadline.get() - time.monotonic()


def still_wanted() -> None:
    """Raise RunWasCancelled or ModelTimeout when nobody waits for the answer any more."""
    run_port.check_cancelled()
    if seconds_left() <= 0:
        raise ModelTimeout
    if (work := _meanwhile.get()) is not None:
        work()


def nap(seconds: float) -> None:
    """Sleep, unless nobody waits any more."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        still_wanted()
        time.sleep(min(NAP_S, left))


def wait_for_room(seconds: float) -> None:
    """Sleep while calls at work hold what is left of a budget; raise ModelBusy when the present call has no time for it.

    A timeout would be the provider's fault, who was not even asked.
    """
    if seconds_left() <= seconds:
        raise ModelBusy("Calls at work hold what is left of the budget. Wait for their end, or raise it.")
    nap(seconds)
