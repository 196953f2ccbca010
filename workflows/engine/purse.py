"""What one attempt of a step may spend, and what it spent: room in budgets before each call, its row and totals after it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agents.actions.budget_notices import tell_near
from agents.llm.waiting import wait_for_room
from agents.models import Agent, Budget, ModelCall
from nexod.kernel.events import Event
from nexod.kernel.run_port import Estimate, Reservation, RunWasCancelled, Usage
from tenants.context import release_connections
from workflows.actions import reservations
from workflows.actions.children import runs_above
from workflows.actions.events import append_event
from workflows.actions.payments import called, pay
from workflows.actions.reservations import Standing
from workflows.actions.statements import Along
from workflows.actions.windows import Whose
from workflows.engine import refusing
from workflows.engine.insisting import insisted
from workflows.engine.questions import Questions
from workflows.engine.record import Record
from workflows.models import Workflow

PATIENCE_S, NAP_S = 20.0, 0.2
"""So long a call waits for calls at work, when it is only what they hold that leaves no room for it."""


class Purse:
    """Shared by the threads of one attempt; each call is held, made and paid for by itself."""

    def __init__(self, record: Record, questions: Questions) -> None:
        self._record = record
        self._questions = questions
        self._owner: Whose | None = None

    def reserve(self, estimate: Estimate) -> Reservation | None:
        """Hold room for the call; None where no budget applies. Raises BudgetExhausted, or parks until more is allowed."""
        if not reservations.is_limited():
            return None
        patient_until = time.monotonic() + PATIENCE_S
        while True:
            verdict = self._held(estimate)
            if not verdict.refusals:
                return verdict.reservation
            if time.monotonic() < patient_until and all(one.only_held for one in verdict.refusals):
                self._rest()
            else:
                self._refused(estimate, verdict.refusals)

    def pay(
        self, usage: Usage, told: Sequence[Event], *, along: Sequence[Along], reservation: Reservation | None
    ) -> ModelCall:
        """Account for the call in one commit, tried again while the database is away; return its row."""
        drive, whose = self._record.drive, self._whose(usage.agent)
        call = called(usage, whose, step=self._record.step.pk, node=self._record.plan.id)
        write = partial(pay, call, usage, whose, told, along=along, reservation=reservation, fence=drive.fence)
        insisted(write, drive.reins, is_written=ModelCall.objects.filter(pk=call.pk).exists)
        return call

    def _held(self, estimate: Estimate) -> reservations.Verdict:
        verdict = reservations.reserve(estimate, self._whose(estimate.agent), fence=self._record.drive.fence)
        if verdict.near:
            tell_near([one.id for one in verdict.near])
        release_connections()
        return verdict

    def _rest(self) -> None:
        reins = self._record.drive.reins
        if reins.stopped:
            reins.check()
            raise RunWasCancelled
        wait_for_room(NAP_S)

    def _refused(self, estimate: Estimate, refusals: Sequence[Standing]) -> None:
        """Raise what refuses the call; return when a person has allowed more since, so that it is worth another look."""
        worst = min(refusals, key=refusing.severity)
        drive, step = self._record.drive, self._record
        exceeded = refusing.event_of(worst, step, estimate.agent)
        budget = None if worst.budget is None else Budget.objects.filter(pk=worst.budget).first()
        if worst.handling != Budget.Handling.ASK or worst.unpriced or budget is None:
            append_event(drive.run_id, exceeded, fence=drive.fence)
            release_connections()
            raise refusing.error_of(worst, estimate)
        question = refusing.question_about(worst, step)
        if self._questions.is_refused_more(question, budget, refusing.allowance(worst), exceeded):
            raise refusing.error_of(worst, estimate)

    @property
    def workflow(self) -> str:
        """Return the slug of the workflow that the run executes; empty when it executes none."""
        return self._whose("").workflow

    def _whose(self, agent: str) -> Whose:
        """Return for whom the call is made; who started the run, and what it executes, is looked up once."""
        if self._owner is None:
            run = self._record.drive.run
            slugs: dict[Any, str] = {}
            for model, pk in ((Workflow, run.workflow_id), (Agent, run.agent_id)):
                if pk is not None:
                    slugs[model] = model._default_manager.filter(pk=pk).values_list("slug", flat=True).first() or ""
            user = "" if run.started_by_id is None else str(run.started_by_id)
            above = tuple(runs_above(run))
            self._owner = Whose(run.id, user, slugs.get(Workflow, ""), slugs.get(Agent, ""), above)
        return self._owner if not agent else replace(self._owner, agent=agent)
