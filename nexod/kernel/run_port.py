"""The one synchronous way up: what a model, tool, crew or memory may ask of the run that it works for.

Implemented in workflows/engine; code below knows only this Protocol, and works outside a run (``current()`` is None) too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from nexod.kernel.errors import Conflict, Details, NexodError, StopsRun
from nexod.kernel.events import Event


class RunWasCancelled(StopsRun, Conflict):
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


class BudgetExhausted(StopsRun):
    """A budget does not allow this model call. Raise its limit, wait for its next period, or choose a cheaper model."""

    code, status = "budget_exhausted", 402

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Details | None = None,
        fall_back: bool = False,
        only_held: bool = False,
    ) -> None:
        super().__init__(message, details=details)
        self.fall_back = fall_back
        """Whether a cheaper model may be asked instead."""
        self.only_held = only_held
        """Whether there may be room as soon as the calls at work have ended."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call used: the provider's own figures, or, ``estimated``, ours where it gives none.

    ``agent``, ``connection`` and ``knowledge_base`` (what texts are embedded for) are slugs.
    ``tokens_cached`` are some of ``tokens_in``, ``tokens_reasoning`` of ``tokens_out``.
    ``cached``: it is our own cache's answer. ``failed`` is the code of the error that the call ended with.
    """

    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    estimated: bool = False
    connection: str = ""
    agent: str = ""
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    first_token_s: float | None = None
    cached: bool = False
    failed: str = ""
    price_known: bool = True
    knowledge_base: str = ""

    @property
    def counts(self) -> bool:
        """Say whether a provider did something for it: what failed before a word and what came from our cache does not."""
        return not self.cached and (not self.failed or self.tokens_in + self.tokens_out > 0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a model call may use at most, as far as that can be told before it: the prompt and the bound of the answer."""

    model: str
    connection: str
    agent: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float = 120.0
    """How long it may take; what it reserves is free again some time after that, whatever happens to its worker."""
    price_known: bool = True


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room in every budget that a call falls under, held until what it used is told by ``spend``."""

    id: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Question:
    """What people are asked: Markdown ``content`` under a ``title``, who may answer, and which answers there are.

    ``key`` tells the questions of one step apart; the same key again is the next question under it. ``policy`` says who decides,
    how many of them and by when; where it is empty anybody with one of the ``roles`` does. ``schema`` is what an edit has to fit,
    ``arguments`` what a tool would be called with, ``subject`` node, task or tool:<name>. Who decides nothing ``within_s`` seconds
    lets the step fail, where the policy does not say by when.
    """

    title: str
    content: str
    instructions: str = ""
    roles: tuple[str, ...] = ("owner", "admin", "approver")
    decisions: tuple[str, ...] = ("approve", "edit", "reject")
    key: str = ""
    policy: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    arguments: Any = None
    subject: str = "node"
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided, as one of the question's decisions; ``content`` is what was approved, edited or not.

    ``actor`` is the person's name, ``by`` the id; empty when its time was over and nobody decided.
    """

    decision: str
    comment: str = ""
    content: str = ""
    actor: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """Something that a step does outside of Nexod: ``kind`` (http, tool) and ``name`` are what people read.

    ``request`` is the JSON that determines it; it is hashed and never stored, so it may hold what nobody should read.
    ``about`` is stored and shown. Only what is ``idempotent`` is repeated when nobody knows whether it happened.
    ``shown`` is the JSON of the request that people may read, stored as far as it is no secret: replays compare it.
    """

    kind: str
    name: str
    request: Any
    idempotent: bool
    about: str = ""
    shown: Any = None


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
    started_by: str
    """Id of the user for whom the run works; empty when it is nobody."""

    @property
    def workflow(self) -> str:
        """Slug of the workflow that the run executes; empty when it executes none."""

    def emit(self, event: Event) -> None:
        """Append the event to the run and tell whoever watches."""

    def told(self, type_: str) -> list[dict[str, Any]]:
        """Return the data of the run's events of that type so far, the oldest first."""

    def effect(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Return what the side effect gave: recorded earlier, or done now by ``perform(idempotency_key)``, which returns JSON.

        ``perform`` raises NotPerformed for what certainly did not happen, Unusable for what did and gave nothing of use;
        whatever else it raises leaves the outcome unknown. Parks the run when only a person can tell.
        """

    def is_done(self, wanted: SideEffect) -> bool:
        """Say whether ``effect`` would give what was recorded when the step came to this before."""

    def ask(self, question: Question) -> Answer:
        """Park the run until a person has answered; when resumed, return the answer."""

    def call_workflow(self, workflow: str, inputs: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        """Return the outputs of a run of its own of the workflow with that slug, started once; park the run until it is over."""

    def reserve(self, estimate: Estimate) -> Reservation | None:
        """Hold room for a model call in every budget that it falls under; None when it falls under none.

        Raises BudgetExhausted, or parks the run until a person has allowed more.
        """

    def release(self, reservation: Reservation) -> None:
        """Give back what is held for a call of which nothing is to be told."""

    def spend(
        self,
        usage: Usage,
        *,
        told: Sequence[Event] = (),
        recall: Recall | None = None,
        result: Any = None,
        reservation: Reservation | None = None,
    ) -> None:
        """Add the usage of one model call to step, run, tenant and budgets, with its events and its answer, in one commit.

        What the ``reservation`` holds is given back in the same commit.
        """

    def cancelled(self) -> bool:
        """Say whether somebody asked to cancel the run."""

    def say(self, text: str, *, agent: str = "") -> None:
        """Pass on a piece of what a model says to whoever watches; it is kept nowhere. An empty text begins a new answer."""

    def rest(self) -> None:
        """Raise what stops the run now, or pauses it: for between two pieces of work, of which the first is kept."""

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


def rest() -> None:
    """Stop here when the current run is to stop or to pause; free outside a run."""
    port = current()
    if port is not None:
        port.rest()


def performed(wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
    """Return what the side effect gave, once per run; outside of a run it is simply done. Raises its own reason."""
    port = current()
    if port is not None:
        return port.effect(wanted, perform)
    try:
        return Performed(perform(""))
    except (NotPerformed, Unusable) as told:
        raise told.reason from told.__cause__
