"""Keep what people did, in the transaction in which they do it; forget it when it is old."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from collaboration.models import Activity
from nexod.kernel.activity import Deed
from tenants.forgetting import before, deleted


def keep(deed: Deed) -> None:
    """Write one row."""
    about = {"subject_kind": deed.kind, "subject_id": deed.id, "title": deed.title[:200]}
    Activity.objects.create(actor_id=deed.by, verb=deed.verb, facts=deed.facts, **about)


def forget_activity(*, days: int) -> int:
    """Delete what is older than that and return how many rows it was."""
    return deleted(before(Activity.objects.all(), timezone.now() - timedelta(days=days)))
