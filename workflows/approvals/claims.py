"""Claims: one person has an approval on the desk, and nobody else decides it meanwhile. A forgotten claim lapses."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from workflows.models import Approval

LASTS = timedelta(hours=8)


def lapsed() -> datetime:
    """Return the time before which claims do not count any more."""
    return timezone.now() - LASTS


def claim_of(approval: Approval) -> UUID | None:
    """Return who has the approval on the desk now."""
    if approval.claimed_by_id is None or approval.claimed_at is None or approval.claimed_at < lapsed():
        return None
    return approval.claimed_by_id
