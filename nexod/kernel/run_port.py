"""The one synchronous way up: what a model, tool, crew or memory may ask of the run that it works for.

Implemented in workflows/engine; code below knows only this Protocol, and works outside a run (``current()`` is None) too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from nexod.kernel.errors import Conflict, NexodError
from nexod.kernel.events import Event


class RunWasCancelled(Conflict):
    """The run was cancelled."""

    code = "run_cancelled"


class NotPerformed(Exception):
    """What ``perform`` of a side effect raises when it certainly did not happen, such as refused: ``reason`` says why."""

    def __init__(self, reason: NexodError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Unusable(Exception):
    """What ``perform`` raises when it happened, but gave nothing that can be used: it is never done again."""

    def __init__(self, reason: NexodError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call used: the provider's own figures, or, ``estimated``, ours where it gives none."""

    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: Markdown ``content`` under a ``title``, who may answer, and which answers there are.

    ``key`` tells the questions of one step apart; the same key again is the next question under it.
    """

    title: str
    content: str
    instructions: str = ""
    roles: tuple[str, ...] = ("owner", "admin", "approver")
    decisions: tuple[str, ...] = ("approve", "edit", "reject")
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided, as one of the question's decisions; ``content`` is what was approved, edited or not."""

    decision: str
    comment: str = ""
    content: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """Something that a step does outside of Nexod: ``kind`` (http, tool) and ``name`` are what people read.

    ``request`` is the JSON that determines it; it is hashed and never stored, so it may hold what nobody should read.
    ``about`` is stored and shown. Only what is ``idempotent`` is repeated when nobody knows whether it happened.
    """

    kind: str
    name: str
    request: Any
    idempotent: bool
    about: str = ""


@dataclass(frozen=True, slots=True)
class Performed:
    """What a side effect gave. ``by_person``: somebody said that it happened, and this is what he said it gave."""

    result: Any
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Recall:
    """The place of a model call among those of its step, and what was answered there before (None: nothing)."""

    key: str
    occurrence: int
    name: str = ""
    result: Any = None


class RunPort(Protocol):
    """The run that the present code works for."""

    run_id: str
    step_id: str
    node: str

    def emit(self, event: Event) -> None:
        """Append the event to the run and tell whoever watches."""

    def effect(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Return what the side effect gave: recorded earlier, or done now by ``perform(idempotency_key)``, which returns JSON.

        ``perform`` raises NotPerformed for what certainly did not happen, Unusable for what did and gave nothing of use;
        whatever else it raises leaves the outcome unknown. Parks the run when only a person can tell.
        """

    def ask(self, question: Question) -> Answer:
        """Park the run until a person has answered; when resumed, return the answer."""

    def spend(
        self, usage: Usage, *, told: Sequence[Event] = (), recall: Recall | None = None, result: Any = None
    ) -> None:
        """Add the usage of one model call to step, run and tenant, with its events and what it answered, in one commit."""

    def cancelled(self) -> bool:
        """Say whether somebody asked to cancel the run."""

    def replay(self, name: str, request: Any) -> Recall:
        """Return the place of this model call; with ``result`` when it was answered before the step began again."""


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


def performed(wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
    """Return what the side effect gave, once per run; outside of a run it is simply done. Raises its own reason."""
    port = current()
    if port is not None:
        return port.effect(wanted, perform)
    try:
        return Performed(perform(""))
    except (NotPerformed, Unusable) as told:
        raise told.reason from told.__cause__
