"""The run port of one step: what a model, a crew or a node tells the run and takes from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel.events import AgentFinished, AgentStarted, Event
from nexod.kernel.run_port import Answer, Performed, Question, Recall, SideEffect, Usage
from tenants import doors
from tenants.context import release_connections
from workflows.actions.effects import answer_of_model, is_settled, keep_answer
from workflows.actions.events import append_event, append_events
from workflows.engine.insisting import insisted
from workflows.engine.ledger import Ledger
from workflows.engine.questions import Questions
from workflows.engine.record import Record
from workflows.errors import RunLost
from workflows.json_text import json_text
from workflows.models import Effect, Run, RunEvent, Step

# What an agent that is replayed would tell again.
REPLAYED = (AgentStarted.type, AgentFinished.type)


class Port:
    """``nexod.kernel.run_port.RunPort`` of one attempt of the step. It may be used from any thread that works for it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._questions = Questions(record)
        self._ledger = Ledger(record, self._questions)
        self._told: Counter[tuple[str, str]] | None = None
        self.run_id = str(record.drive.run_id)
        self.step_id = str(record.step.id)
        self.node = record.plan.id

    def emit(self, event: Event) -> None:
        """Append the event, unless nobody waits for this step any more, or it was told before the step began again."""
        if self.cancelled() or self._was_told(event):
            return
        self._make_visible()
        drive = self._record.drive
        append_event(drive.run_id, event, fence=drive.fence)
        release_connections()

    def effect(self, wanted: SideEffect, perform: Callable[[str], Any]) -> Performed:
        """Return what the side effect gave, done once however often the step begins."""
        self._make_visible()
        return self._ledger.perform(wanted, perform)

    def ask(self, question: Question) -> Answer:
        """Return what a person decided; park the run until somebody has."""
        return self._questions.ask(question)

    def spend(
        self, usage: Usage, *, told: Sequence[Event] = (), recall: Recall | None = None, result: Any = None
    ) -> None:
        """Add the usage to step, run and tenant; also when the step was given up meanwhile, for it was used all the same."""
        if self._record.drive.reins.lost:
            return
        self._make_visible()
        answer = None if recall is None else self._ledger.answer(recall, result, seconds=usage.seconds)
        insisted(
            partial(self._pay, usage, told, answer),
            self._record.drive.reins,
            is_written=lambda: answer is not None and is_settled(answer),
        )
        release_connections()
        step, cost_usd = self._record.step, Decimal(str(usage.cost_usd))
        step.tokens_in += usage.tokens_in
        step.tokens_out += usage.tokens_out
        step.model_calls += 1
        step.cost_usd += cost_usd

    def cancelled(self) -> bool:
        """Say whether the step's work is not wanted any more; asks nobody, for the driving thread looks."""
        return self._ledger.closed or self._record.drive.reins.stopped

    def replay(self, name: str, request: Any) -> Recall:
        """Return the place of a model call among those of the step, with what was answered there before."""
        return self._ledger.recall(name, request)

    def failed(self) -> None:
        """Note that the attempt failed, for reasons of its own."""
        self._ledger.failed()

    def close(self) -> None:
        """Stop listening: whoever still works for the step finds out at its next check."""
        self._ledger.closed = True

    @transaction.atomic
    def _pay(self, usage: Usage, told: Sequence[Event], answer: Effect | None) -> None:
        self._tell(told, answer)
        self._add(usage)

    def _tell(self, told: Sequence[Event], answer: Effect | None) -> None:
        """Write the events and the answer in one statement; of a step that was given up, the answer alone."""
        drive = self._record.drive
        if told and not self.cancelled():
            along = [] if answer is None else [answer_of_model(answer)]
            append_events(drive.run_id, told, along=along, fence=drive.fence)
        elif answer is not None:
            keep_answer(answer, fence=drive.fence)

    def _add(self, usage: Usage) -> None:
        step = self._record.step
        cost_usd = Decimal(str(usage.cost_usd))
        # The run before its step: everybody who locks both does so in this order.
        run = Run.objects.filter(pk=step.run_id).held(self._record.drive.fence)
        for rows in (run, Step.objects.filter(pk=step.pk)):
            changed = rows.update(
                tokens_in=F("tokens_in") + usage.tokens_in,
                tokens_out=F("tokens_out") + usage.tokens_out,
                model_calls=F("model_calls") + 1,
                cost_usd=F("cost_usd") + cost_usd,
                updated_at=timezone.now(),
            )
            if not changed:
                raise RunLost
        used = {"tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "model_calls": 1}
        doors.add_usages({**used, "cost_usd": usage.cost_usd})

    def _was_told(self, event: Event) -> bool:
        """Say whether this step told the event before; each telling counts once."""
        if event.type not in REPLAYED or self._ledger.is_fresh:
            return False
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
    return json_text(dict(sorted(data.items())))
