"""How much of the past is kept: of a trigger the newest firings, fewer of the payloads and repeats; nothing that is too old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted

from nexod.kernel.identifiers import first_id
from tenants.forgetting import before, deleted
from workflows.models import Approval, ApprovalEntry, Firing, Trigger
from workflows.models.trigger import FiringQuerySet

KEPT, KEPT_PAYLOADS, KEPT_REPEATS, EVERY_S = 2_000, 200, 200, 60


def prune(trigger: Trigger) -> None:
    """Forget the oldest firings and payloads, at most once a minute; what is pending stays."""
    try:
        if not cache.add(f"firings-pruned-{trigger.pk}", True, EVERY_S):
            return
    except ConnectionInterrupted:
        return
    over = Firing.objects.filter(trigger=trigger).exclude(outcome=Firing.Outcome.PENDING)
    repeats, firsts = (
        over.filter(outcome=Firing.Outcome.DEDUPLICATED),
        over.exclude(outcome=Firing.Outcome.DEDUPLICATED),
    )
    _beyond(repeats, KEPT_REPEATS).delete()
    _beyond(firsts, KEPT).filter(created_at__lt=_replayable_since(trigger)).delete()
    _beyond(over.exclude(payload=None), KEPT_PAYLOADS).update(payload=None)


def _beyond(rows: FiringQuerySet, kept: int) -> FiringQuerySet:
    """Return those that are older than the newest so many."""
    oldest = rows.order_by("-created_at", "-id")[kept - 1 : kept].values_list("created_at", flat=True).first()
    return rows.none() if oldest is None else rows.filter(created_at__lt=oldest)


def _replayable_since(trigger: Trigger) -> datetime:
    """Return since when what came may come again with a signature that holds: by its firing it is known not to be new.

    A signature may be from as far ahead as it may be old.
    """
    return timezone.now() - 2 * timedelta(seconds=trigger.config.get("tolerance_s", 0))


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
