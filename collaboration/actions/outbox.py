"""The one outbox: what is to leave, wherever it goes, is announced, claimed by one worker, and ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from collaboration.models import Delivery
from collaboration.notifications import waits
from collaboration.notifications.catalogue import PING
from nexod.kernel.queue import enqueue
from tenants import due_times
from tenants.models import DueTime

SEND = "collaboration.send_delivery"


def announce(delivery: Delivery) -> None:
    """Have it sent when it is due. The due time is the truth, the message a hint."""
    due_times.set_due(DueTime.Kind.DELIVERY, delivery.pk, delivery.next_at or due_times.database_now())
    if delivery.next_at is None:
        enqueue(SEND, queue="webhooks", delivery=str(delivery.pk))


@transaction.atomic
def claimed_delivery(delivery_id: UUID) -> Delivery | None:
    """Claim by compare-and-set, with a lease after which somebody else may; None when there is nothing to do now.

    An endpoint that fails is tried by one worker at a time: what it lets hang holds up nobody else's. What waits for its
    turn is swept again.
    """
    now = due_times.database_now()
    if _waits_for_its_turn(delivery_id, now):
        return None
    free = Q(sending_until=None) | Q(sending_until__lt=now)
    due = Q(next_at=None) | Q(next_at__lte=now)
    until = now + timedelta(seconds=waits.LEASE_S)
    pending = Delivery.objects.filter(pk=delivery_id, status=Delivery.Status.PENDING)
    if not pending.filter(free, due).update(sending_until=until, attempts=F("attempts") + 1):
        if not pending.exists():
            due_times.clear_due([delivery_id])
        return None
    due_times.set_due(DueTime.Kind.DELIVERY, delivery_id, until)
    return Delivery.objects.select_related("endpoint", "user").get(pk=delivery_id)


def _waits_for_its_turn(delivery_id: UUID, now: datetime) -> bool:
    failing = Delivery.objects.filter(pk=delivery_id).exclude(endpoint__failing_since=None).exclude(event=PING)
    endpoint = failing.values_list("endpoint", flat=True).first()
    at_work = Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.PENDING, sending_until__gte=now)
    return endpoint is not None and at_work.exclude(pk=delivery_id).exists()


def end(delivery: Delivery, status: Delivery.Status) -> None:
    """Have it sent no more."""
    delivery.status, delivery.sending_until, delivery.next_at = status, None, None
    delivery.save()
    due_times.clear_due([delivery.pk])
