"""The run port of one step: what a model, a crew or a retriever tells the run and takes from it."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel.events import Event
from nexod.kernel.run_port import Usage
from tenants import doors
from tenants.context import release_connections
from workflows.actions.events import append_event
from workflows.engine.record import Record
from workflows.models import Run, Step


class Port:
    """``nexod.kernel.run_port.RunPort`` of the step. It may be used from any thread that works for the step."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._closed = False
        self.run_id = str(record.drive.run_id)
        self.step_id = str(record.step.id)
        self.node = record.plan.id

    def emit(self, event: Event) -> None:
        """Append the event, unless nobody waits for this step any more."""
        if self.cancelled():
            return
        self._make_visible()
        drive = self._record.drive
        append_event(drive.run_id, event, fence=drive.fence)
        release_connections()

    def spend(self, usage: Usage) -> None:
        """Add the usage to step, run and tenant; also when the step was given up meanwhile, for it was used all the same."""
        if self._record.drive.reins.lost:
            return
        self._make_visible()
        step = self._record.step
        cost_usd = Decimal(str(usage.cost_usd))
        with transaction.atomic():
            # The run before its step: everybody who locks both does so in this order.
            for rows in (Run.objects.filter(pk=step.run_id), Step.objects.filter(pk=step.pk)):
                rows.update(
                    tokens_in=F("tokens_in") + usage.tokens_in,
                    tokens_out=F("tokens_out") + usage.tokens_out,
                    model_calls=F("model_calls") + 1,
                    cost_usd=F("cost_usd") + cost_usd,
                    updated_at=timezone.now(),
                )
            doors.add_usages(
                {
                    "tokens_in": usage.tokens_in,
                    "tokens_out": usage.tokens_out,
                    "model_calls": 1,
                    "cost_usd": usage.cost_usd,
                }
            )
        release_connections()
        step.tokens_in += usage.tokens_in
        step.tokens_out += usage.tokens_out
        step.model_calls += 1
        step.cost_usd += cost_usd

    def cancelled(self) -> bool:
        """Say whether the step's work is not wanted any more; asks nobody, for the driving thread looks."""
        return self._closed or self._record.drive.reins.stopped

    def close(self) -> None:
        """Stop listening: whoever still works for the step finds out at its next check."""
        self._closed = True

    def _make_visible(self) -> None:
        if not self._record.stored:
            self._record.write()
