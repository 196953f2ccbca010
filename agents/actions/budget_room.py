"""There is room in a budget again: documents and vectors that waited for it go on at once, not at their next look."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.actions.lanes import wake_lanes
from agents.models import Document, VectorSpace
from nexod.kernel.run_port import BudgetExhausted
from tenants.messages import enqueue_kept
from tenants.models import DueTime

_FOR_ROOM = Q(error__code=BudgetExhausted.code)


@transaction.atomic
def go_on() -> int:
    """Have everything looked at that a budget held up; return how many documents these are. What still has no room waits on."""
    for space in VectorSpace.objects.filter(_FOR_ROOM, state__in=VectorSpace.WRITTEN).values_list("pk", flat=True):
        enqueue_kept(DueTime.Kind.VECTORS, space)
    waiting = Document.objects.filter(status=Document.Status.PENDING, retry_at__gt=timezone.now())
    # One of a knowledge base has met the budget; the others wait with it, and say nothing (actions/ingestion.py).
    bases = waiting.filter(_FOR_ROOM).values("knowledge_base")
    woken = waiting.filter(_FOR_ROOM | Q(error__isnull=True), knowledge_base__in=bases).update(
        retry_at=None, updated_at=timezone.now()
    )
    if woken:
        wake_lanes()
    return woken
