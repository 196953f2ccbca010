"""How much of the past is kept: of a trigger the newest firings and fewer of the payloads that came; nothing that is too old."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted

from nexod.kernel.identifiers import first_id
from tenants.forgetting import before, deleted
from workflows.models import Approval, ApprovalEntry, Firing, Trigger

KEPT, KEPT_PAYLOADS, EVERY_S = 2_000, 200, 60


def prune(trigger: Trigger) -> None:
    """Forget the oldest firings and payloads, at most once a minute; what is pending stays."""
    try:
        if not cache.add(f"firings-pruned-{trigger.pk}", True, EVERY_S):
            return
    except ConnectionInterrupted:
        return
    newest = Firing.objects.filter(trigger=trigger).exclude(outcome=Firing.Outcome.PENDING)
    for rows, kept in ((newest, KEPT), (newest.exclude(payload=None), KEPT_PAYLOADS)):
        oldest = rows.order_by("-created_at", "-id")[kept - 1 : kept].values_list("created_at", flat=True).first()
        if oldest is None:
            continue
        if kept == KEPT:
            rows.filter(created_at__lt=oldest).delete()
        else:
            rows.filter(created_at__lt=oldest).update(payload=None)


def forget_firings(*, days: int) -> int:
    """Delete firings of all triggers that are older than that and return how many; what is pending stays."""
    over = Firing.objects.exclude(outcome=Firing.Outcome.PENDING)
    return deleted(before(over, timezone.now() - timedelta(days=days)))


def forget_approval_records(*, days: int) -> int:
    """Delete the records of approvals that were over longer ago than that and return how many entries those were.

    Approvals are found by their ids, and their entries by the index that keeps them in order.
    """
    since = timezone.now() - timedelta(days=days)
    over = Approval.objects.exclude(status=Approval.Status.PENDING).filter(pk__lt=first_id(since), updated_at__lt=since)
    return deleted(ApprovalEntry.objects.filter(approval__in=over).order_by("approval", "id"))
