"""The one synchronous way up: what a model, tool, crew or memory may ask of the run that it works for.

Implemented in workflows/engine; code below knows only this Protocol, and works outside a run (``current()`` is None) too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from nexod.kernel.errors import Conflict
from nexod.kernel.events import Event


class RunWasCancelled(Conflict):
    """The run was cancelled."""

    code = "run_cancelled"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call used: the provider's own figures, or, ``estimated``, ours where it gives none."""

    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    estimated: bool = False


class RunPort(Protocol):
    """The run that the present code works for."""

    run_id: str
    step_id: str
    node: str

    def emit(self, event: Event) -> None:
        """Append the event to the run and tell whoever watches."""

    def spend(self, usage: Usage) -> None:
        """Add the usage of one model call to step, run and tenant."""

    def cancelled(self) -> bool:
        """Say whether somebody asked to cancel the run."""


_current: ContextVar[RunPort | None] = ContextVar("run_port", default=None)


def current() -> RunPort | None:
    """Return the run that this code works for, if any."""
    return _current.get()


@contextmanager
def use(port: RunPort) -> Iterator[None]:
    """Make ``port`` the current run inside the block."""
    token = _current.set(port)
    try:
        yield
    finally:
        _current.reset(token)


def check_cancelled() -> None:
    """Raise RunWasCancelled when the current run is to stop; free outside a run."""
    port = current()
    if port is not None and port.cancelled():
        raise RunWasCancelled
