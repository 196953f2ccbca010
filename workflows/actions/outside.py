"""What stands in place of a run where a model is asked outside of one: budgets hold, and every call has its row."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from agents.actions.budget_notices import tell_near
from agents.llm.waiting import wait_for_room
from nexod.kernel.errors import NexodError
from nexod.kernel.events import Event
from nexod.kernel.run_port import Answer, Estimate, Performed, Question, Recall, Reservation, SideEffect, Usage
from tenants.context import release_connections
from workflows.actions import reservations
from workflows.actions.payments import called, pay_outside
from workflows.actions.windows import Whose

NO_FENCE = 0
PATIENCE_S, NAP_S = 20.0, 0.2
"""So long a call waits for calls at work, when it is only what they hold that leaves no room for it."""


class RunRequired(NexodError):
    """Only a run can do this."""

    code = "run_required"


class Outside:
    """``nexod.kernel.run_port.RunPort`` for ``user`` (an id; empty: nobody). Nothing is told, recalled or asked here."""

    run_id = step_id = node = workflow = ""

    def __init__(self, user: str) -> None:
        self.started_by = user
        self._whose = Whose(None, user)

    def reserve(self, estimate: Estimate) -> Reservation | None:
        """Hold room for the call; None where no budget applies. Raises BudgetExhausted: here nobody is asked for more."""
        if not reservations.is_limited():
            return None
        patient_until = time.monotonic() + PATIENCE_S
        while True:
            verdict = reservations.reserve(estimate, self._whose, fence=NO_FENCE)
            if verdict.near:
                tell_near([one.id for one in verdict.near])
            release_connections()
            if not verdict.refusals:
                return verdict.reservation
            if time.monotonic() > patient_until or not all(one.only_held for one in verdict.refusals):
                self._refuse(verdict.refusals, estimate)
            wait_for_room(NAP_S)

    def _refuse(self, refusals: Sequence[reservations.Standing], estimate: Estimate) -> NoReturn:
        # Late: only what is refused needs to be put into words.
        from workflows.engine.refusing import error_of, severity

        raise error_of(min(refusals, key=severity), estimate)

    def release(self, reservation: Reservation) -> None:
        """Give back what is held for a call of which nothing is to be told."""
        reservations.release(reservation)
        release_connections()

    def spend(
        self,
        usage: Usage,
        *,
        told: Sequence[Event] = (),
        recall: Recall | None = None,
        result: Any = None,
        reservation: Reservation | None = None,
    ) -> None:
        """Account for the call."""
        call = called(usage, self._whose, step=None, node="")
        pay_outside(call, usage, self._whose, reservation=reservation)
        release_connections()

    def replay(self, name: str, request: Any) -> Recall:
        """Say that nothing was answered before."""
        return Recall("", 0, name)

    def cancelled(self) -> bool:
        """Say no."""
        return False

    def emit(self, event: Event) -> None:
        """Tell nobody."""

    def told(self, type_: str) -> list[dict[str, Any]]:
        """Return nothing."""
        return []

    def say(self, text: str, *, agent: str = "") -> None:
        """Tell nobody."""

    def rest(self) -> None:
        """Go on."""

    def effect(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Refuse: what is done once has to belong to a run."""
        raise RunRequired

    def is_done(self, wanted: SideEffect) -> bool:
        """Say no."""
        return False

    def ask(self, question: Question) -> Answer:
        """Refuse: nobody could be waited for."""
        raise RunRequired

    def call_workflow(self, workflow: str, inputs: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        """Refuse, likewise."""
        raise RunRequired
