"""Forget what people and programs were told long ago: deliveries that ended, with what was sent and answered, and notifications."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from collaboration.models import Delivery, Notification
from nexod.kernel.identifiers import first_id
from tenants.forgetting import before, deleted


def forget_deliveries(*, days: int) -> int:
    """Delete those that ended longer ago than that and return how many; what is on its way, or was tried again since, stays."""
    since = timezone.now() - timedelta(days=days)
    over = before(Delivery.objects.exclude(status=Delivery.Status.PENDING), since)
    return deleted(over.filter(updated_at__lt=since))


def forget_notifications(*, days: int) -> int:
    """Delete notifications that are older than that, read or not, and return how many.

    What younger ones were folded into stays until they are old, too.
    """
    since = timezone.now() - timedelta(days=days)
    young = Notification.objects.filter(folded_into=OuterRef("pk"), pk__gte=first_id(since))
    return deleted(before(Notification.objects.exclude(Exists(young)), since))
