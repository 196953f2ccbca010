"""The Celery tasks of the app. They take ids; what they do is in actions and engine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.worker.request import Request

from agents.actions import budget_room
from nexod.kernel.queue import ADVANCE, enqueue
from tenants.entry.celery import TenantTask
from tenants.messages import FoldedTask, KeptTask
from workflows.actions import approval_times, firings, notable
from workflows.actions.budget_questions import reconsider
from workflows.actions.pauses import revive


class WakeUp(Request):
    """A message that the broker has forgotten (its queues have ``no_ack``): there is nothing to acknowledge."""

    def acknowledge(self) -> None:
        """Tell nobody."""
        self.acknowledged = True


# A message that is lost with its worker is sent again for its ticket, long before the broker would; and a broker connection
# that breaks with messages unacknowledged ends a worker (kombu 5.7 cannot restore them).
@shared_task(
    bind=True, base=TenantTask, name=ADVANCE, acks_late=False, reject_on_worker_lost=False,
    asks_a_door=True, Request=f"{__name__}:WakeUp",
)  # fmt: skip
def advance_run(self: Any, run: str) -> None:
    """Work on the run until it waits or is over. A worker that is to stop passes the message on."""
    from workflows.engine import drain
    from workflows.engine.loop import advance

    if drain.begun():
        queue = (self.request.delivery_info or {}).get("routing_key") or "runs"
        enqueue(ADVANCE, queue=queue, run=run)
    else:
        advance(UUID(run))


@shared_task(base=TenantTask, name="workflows.revive_run")
def revive_run(run: str) -> None:
    """Let workers try a run again that was given up because all of them were lost."""
    revive(UUID(run))


@shared_task(base=KeptTask, name="workflows.reconsider_budget")
def reconsider_budget(budget: str) -> None:
    """Let the runs, documents and vectors that wait for the budget look whether there is room now."""
    reconsider(UUID(budget))
    budget_room.go_on()


@shared_task(base=TenantTask, name=notable.SPREAD)
def spread_events(run: str) -> None:
    """Tell triggers and webhooks what the run told."""
    notable.spread_events(run_id=UUID(run))


@shared_task(base=TenantTask, name="workflows.approval_due")
def approval_due(approval: str) -> None:
    """Remind, escalate or decide because nobody did, as far as the time for it has come."""
    approval_times.approval_due(approval_id=UUID(approval))


@shared_task(base=FoldedTask, name="workflows.recount_approvals")
def recount_approvals(lane: str) -> None:
    """Count anew what waits for people, of whom some may decide no more."""
    approval_times.recount_all()


@shared_task(base=TenantTask, name="workflows.fire_schedule")
def fire_schedule(trigger: str) -> None:
    """Fire a schedule for what is due."""
    firings.fire_schedule(trigger_id=UUID(trigger))


@shared_task(base=TenantTask, name=firings.START)
def start_firing(firing: str) -> None:
    """Start what a firing is for."""
    firings.start_firing(firing_id=UUID(firing))
