"""Which document is read next, and by whom. Every tenant has a few lanes, each a Celery message that comes round again.

A message takes a short turn and goes to the end of the queue: ten thousand documents of one tenant hold up nobody else's by
more than that, and never more of them are read at once than there are lanes. Where a worker dies, its lane's message is kept
(tenants/messages.py) and its document is taken over when it has been silent for a while.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Min, Model, Q, QuerySet
from django.utils import timezone

from agents.models import Document, Sitemap
from tenants.doors import call
from tenants.due_times import set_due
from tenants.messages import enqueue_kept
from tenants.models import DueTime

LANES = tuple(UUID(int=number) for number in (1, 2))
STALE_AFTER = timedelta(minutes=3)
"""What has been in work for so long without a sign of life was left by a worker that died."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' ingestion'))"
PENDING, PROCESSING = Document.Status.PENDING, Document.Status.PROCESSING


def wake_lane(item: UUID) -> None:
    """Have the document or sitemap looked at once the transaction commits; call it after the row is written.

    Where others wait already, their lane is at work and will come to it: no second message, only a kept one.
    """
    lane = LANES[item.int % len(LANES)]
    if _ready(Document).exclude(pk=item).exists():
        call("keep_message", DueTime.Kind.DOCUMENT.value, lane)
    else:
        enqueue_kept(DueTime.Kind.DOCUMENT, lane)


def wake_lanes() -> None:
    """Have every lane look once the transaction commits, when much became ready at once."""
    for lane in LANES:
        enqueue_kept(DueTime.Kind.DOCUMENT, lane)


def claim(rows: QuerySet[Model], pk: UUID | None = None) -> UUID | None:
    """Take the next of ``rows`` that is free, or the one that is named; None when there is none or every lane is busy."""
    with transaction.atomic():
        commit_soon()
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
        if pk is None and _busy() >= len(LANES):
            return None
        found = _first(rows.filter(pk=pk) if pk else rows)
        if found is not None:
            is_document = rows.model is Document
            changes = {"attempts": F("attempts") + 1, "fence": F("fence") + 1, "progress": 0} if is_document else {}
            rows.model._default_manager.filter(pk=found).update(
                status=PROCESSING, error=None, updated_at=timezone.now(), **changes
            )
        return found


def _first(rows: QuerySet[Model]) -> UUID | None:
    """Lock the first row that is free: one that was left behind, else one that waits (each found by its index)."""
    for free in (_is_left(), _is_waiting(rows.model)):
        found: UUID | None = rows.filter(free).select_for_update(skip_locked=True).values_list("pk", flat=True).first()
        if found:
            return found
    return None


def in_work(document: Document) -> QuerySet[Document]:
    """Return the row as long as it is in work, and nobody has taken it since ``document`` was read."""
    return Document.objects.filter(pk=document.pk, status=PROCESSING, fence=document.fence)


def commit_soon() -> None:
    """Let the transaction's end not wait for the disk: what a crash of the database takes back is read once more.

    Thousands of documents would have every run's commit wait behind theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def waiting() -> QuerySet[Document]:
    """Return the documents in the order in which they are taken: what somebody may be waiting for first."""
    return Document.objects.in_turn()


def go_on(lane: UUID) -> None:
    """Send the lane round again: at once when something is ready, else when something becomes so; or not at all."""
    if _busy() < len(LANES) and (_ready(Document).exists() or _ready(Sitemap).exists()):
        with transaction.atomic():
            enqueue_kept(DueTime.Kind.DOCUMENT, lane)
    elif next_look := _next_look():
        set_due(DueTime.Kind.DOCUMENT, lane, next_look)


def _next_look() -> datetime | None:
    """Return when a retry is due, or a silent reader is taken for dead."""
    silent = ExpressionWrapper(F("updated_at") + STALE_AFTER, output_field=DateTimeField())
    times = Document.objects.filter(status__in=(PENDING, PROCESSING)).aggregate(
        retry=Min("retry_at", filter=Q(status=PENDING)), silent=Min(silent, filter=Q(status=PROCESSING))
    )
    times["sitemap"] = Sitemap.objects.filter(status=PROCESSING).aggregate(at=Min(silent))["at"]
    return min((at for at in times.values() if at), default=None)


def _busy() -> int:
    """Return how many of the tenant's lanes have something in work."""
    alive = Q(status=PROCESSING, updated_at__gte=timezone.now() - STALE_AFTER)
    return Document.objects.filter(alive).count() + Sitemap.objects.filter(alive).count()


def _ready(model: type[Model]) -> QuerySet[Model]:
    return model._default_manager.filter(_is_free(model)).order_by()


def _is_free(model: type[Model]) -> Q:
    return _is_waiting(model) | _is_left()


def _is_waiting(model: type[Model]) -> Q:
    fresh = Q(status=PENDING)
    return fresh & (Q(retry_at=None) | Q(retry_at__lte=timezone.now())) if model is Document else fresh


def _is_left() -> Q:
    return Q(status=PROCESSING, updated_at__lt=timezone.now() - STALE_AFTER)
