"""Celery tasks of notifications: thin, each calls one action."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from collaboration.actions import deliveries, notify
from collaboration.actions.outbox import SEND
from tenants.entry.celery import TenantTask
from tenants.messages import KeptTask


@shared_task(base=KeptTask, name="collaboration.notify_approval")
def notify_approval(approval: str) -> None:
    """Tell everybody who may decide."""
    notify.notify_approval(approval_id=UUID(approval))


@shared_task(base=KeptTask, name="collaboration.notify_about_approval")
def notify_about_approval(entry: str) -> None:
    """Tell of a vote, an edit, a reminder, an escalation, a reassignment or the decision."""
    notify.notify_about_approval(entry_id=UUID(entry).int)


@shared_task(base=TenantTask, name="collaboration.notify_budget")
def notify_budget(window: int) -> None:
    """Tell whoever may raise the budget that it is nearly used up."""
    notify.notify_budget(window_id=window)


@shared_task(base=KeptTask, name="collaboration.notify_run")
def notify_run(run: str) -> None:
    """Tell whoever started the run."""
    notify.notify_run(run_id=UUID(run))


@shared_task(base=TenantTask, name=SEND)
def send_delivery(delivery: str) -> None:
    """Send it, if it is nobody else's."""
    deliveries.send_delivery(delivery_id=UUID(delivery))
