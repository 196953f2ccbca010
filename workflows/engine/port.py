"""The run port of one step: what a model, a crew or a node tells the run and takes from it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from nexod.kernel.events import (
    AgentDelegated,
    AgentFinished,
    AgentStarted,
    AgentThought,
    CitationsChecked,
    CrewPlanned,
    Event,
    GuardrailRefused,
    KnowledgeRetrieved,
    ToolCalled,
    ToolFailed,
    ToolReturned,
)
from nexod.kernel.run_port import (
    Answer,
    Estimate,
    Performed,
    Question,
    Recall,
    Reservation,
    RunWasCancelled,
    SideEffect,
    Usage,
)
from tenants.context import release_connections
from workflows.actions.effects import answer_of_model
from workflows.actions.events import append_event
from workflows.actions.reservations import release
from workflows.engine.ledger import Ledger
from workflows.engine.purse import Purse
from workflows.engine.questions import Questions
from workflows.engine.record import Record
from workflows.engine.voice import Voice
from workflows.engine.waits import Waits
from workflows.json_text import json_text
from workflows.models import RunEvent

# What an agent that is replayed would tell again; how long something took is not what it is recognised by.
REPLAYED = tuple(
    event.type
    for event in (
        AgentStarted, AgentFinished, AgentThought, AgentDelegated, ToolCalled, ToolReturned, ToolFailed, KnowledgeRetrieved,
        CrewPlanned, GuardrailRefused, CitationsChecked,
    )
)  # fmt: skip


class Port:
    """``nexod.kernel.run_port.RunPort`` of one attempt of the step. It may be used from any thread that works for it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._questions = Questions(record)
        self.waits = Waits(record)
        self._ledger = Ledger(record, self._questions)
        self._purse = Purse(record, self._questions)
        self._told: Counter[tuple[str, str]] | None = None
        self._telling = threading.Lock()
        self.run_id = str(record.drive.run_id)
        self.step_id = str(record.step.id)
        self.started_by = str(record.drive.run.started_by_id or "")
        self.node = record.plan.id
        self._voice = Voice(self.run_id, self.node, self.step_id)

    @property
    def workflow(self) -> str:
        """Return the slug of the run's workflow, if it executes one."""
        return self._purse.workflow

    def emit(self, event: Event) -> None:
        """Append the event, unless nobody waits for this step any more, or it was told before the step began again."""
        if self.cancelled() or self._was_told(event):
            return
        self._make_visible()
        drive = self._record.drive
        append_event(drive.run_id, event, fence=drive.fence)
        release_connections()

    def told(self, type_: str) -> list[dict[str, Any]]:
        """Return the data of the run's events of that type so far, the oldest first."""
        rows = RunEvent.objects.filter(run=self._record.drive.run_id, type=type_).order_by("seq")
        found = list(rows.values_list("data", flat=True))
        release_connections()
        return found

    def effect(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Return what the side effect gave, done once however often the step begins."""
        self._make_visible()
        return self._ledger.perform(wanted, perform)

    def is_done(self, wanted: SideEffect) -> bool:
        """Say whether it was done when the step came to it before."""
        return self._ledger.is_done(wanted)

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; park the run until somebody has."""
        return self._questions.ask(question)

    def see(self, values: dict[str, Any]) -> None:
        """Let the expressions of policies see these values."""
        self._questions.values = values

    def call_workflow(self, workflow: str, inputs: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        """Return the outputs of a run of its own of that workflow, started once; park the run until it is over."""
        return self.waits.run(workflow, inputs, key=key)

    def reserve(self, estimate: Estimate) -> Reservation | None:
        """Hold room for a model call in the budgets that it falls under."""
        self._ledger.require_live(estimate.model)
        self._make_visible()
        return self._purse.reserve(estimate)

    def release(self, reservation: Reservation) -> None:
        """Give back what is held for a call of which nothing is to be told."""
        release(reservation)
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
        """Account for the call; also when the step was given up meanwhile, for it was used all the same."""
        if self._record.drive.reins.lost:
            return
        self._make_visible()
        answer = None if recall is None else self._ledger.answer(recall, result, seconds=usage.seconds)
        along = [] if answer is None else [answer_of_model(answer)]
        call = self._purse.pay(usage, () if self.cancelled() else told, along=along, reservation=reservation)
        release_connections()
        step = self._record.step
        step.tokens_in += usage.tokens_in
        step.tokens_out += usage.tokens_out
        step.model_calls += usage.counts
        step.cost_usd += call.cost_usd

    def cancelled(self) -> bool:
        """Say whether the step's work is not wanted any more; asks nobody, for the driving thread looks."""
        return self._ledger.closed or self._record.drive.reins.stopped

    def rest(self) -> None:
        """Raise what stops the run, or pauses it; what is kept of this step is not done again when it goes on."""
        if self._ledger.closed:
            raise RunWasCancelled
        self._record.drive.reins.begin_step()

    def say(self, text: str, *, agent: str = "") -> None:
        """Pass on a piece of what a model says."""
        if not self.cancelled():
            self._voice.say(text, agent)

    def replay(self, name: str, request: Any) -> Recall:
        """Return the place of a model call among those of the step, with what was answered there before."""
        return self._ledger.recall(name, request)

    def failed(self) -> None:
        """Note that the attempt failed, for reasons of its own."""
        self._ledger.failed()

    def close(self) -> None:
        """Stop listening: whoever still works for the step finds out at its next check."""
        self._ledger.closed = True

    def _was_told(self, event: Event) -> bool:
        """Say whether this step told the event before; each telling counts once."""
        if event.type not in REPLAYED or self._ledger.is_fresh:
            return False
        with self._telling:
            return self._takes_off(event)

    def _takes_off(self, event: Event) -> bool:
        if self._told is None:
            rows = RunEvent.objects.filter(run=self._record.drive.run_id, type__in=REPLAYED, data__step=self.step_id)
            self._told = Counter((type_, _sorted(data)) for type_, data in rows.values_list("type", "data"))
        mark = (event.type, _sorted(event.data()))
        found = self._told[mark] > 0
        self._told[mark] -= found
        return found

    def _make_visible(self) -> None:
        if not self._record.stored:
            self._record.write()


def _sorted(data: dict[str, Any]) -> str:
    return json_text({name: data[name] for name in sorted(data) if name != "seconds"})
