"""What comes of an attempt to deliver: taken, tried again as ``waits`` says, or given up; each is logged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from collaboration.actions.disabling import disable_if_hopeless
from collaboration.actions.outbox import end
from collaboration.models import Delivery, WebhookEndpoint
from collaboration.notifications import waits
from collaboration.notifications.attempt import GONE, Attempt
from tenants import due_times
from tenants.models import DueTime

LONGEST_LOG = 30


@transaction.atomic
def settle(claimed: Delivery, attempt: Attempt, *, tried_again: bool = True) -> None:
    """Store the attempt, unless another worker has claimed the delivery meanwhile."""
    ours = Delivery.objects.select_for_update(of=("self",)).filter(pk=claimed.pk, sending_until=claimed.sending_until)
    found = ours.filter(status=Delivery.Status.PENDING).first()
    if found is None:
        return
    now = due_times.database_now()
    found.log = [*found.log, _logged(attempt, now)][-LONGEST_LOG:]
    if attempt.is_taken:
        if found.endpoint_id:
            WebhookEndpoint.objects.filter(pk=found.endpoint_id).exclude(failing_since=None).update(failing_since=None)
        found.delivered_at = now
        end(found, Delivery.Status.DELIVERED)
        return
    wait = waits.wait_s(found.attempts, asked_s=attempt.retry_after_s)
    if wait is None or attempt.is_final or not tried_again:
        end(found, Delivery.Status.FAILED)
    else:
        found.sending_until, found.next_at = None, now + timedelta(seconds=wait)
        found.save()
        due_times.set_due(DueTime.Kind.DELIVERY, found.pk, found.next_at)
    if found.endpoint_id and tried_again:
        disable_if_hopeless(found.endpoint_id, now, is_gone=attempt.status == GONE)


def _logged(attempt: Attempt, at: datetime) -> dict[str, Any]:
    return {
        "at": at.isoformat(),
        "status": attempt.status,
        "seconds": attempt.seconds,
        "excerpt": attempt.excerpt,
        "error": attempt.error,
    }
