"""How far the ingestion of a knowledge base, or of a sitemap, is: counts, bytes, and how fast it goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from agents.models import Document

WINDOW = timedelta(minutes=2)
"""The speed is that of so long ago until now."""
Status = Document.Status
_ENDED = (Status.READY, Status.FAILED, Status.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Progress:
    """Documents by state, bytes of files, and what is left at the speed of the last minutes (none: nothing was read in them)."""

    documents: int
    ready: int
    failed: int
    duplicate: int
    pending: int
    processing: int
    bytes: int
    bytes_done: int
    documents_per_minute: float
    bytes_per_s: float
    seconds_left: int | None

    @property
    def ended(self) -> int:
        """Return how many documents have come to an end."""
        return self.ready + self.failed + self.duplicate

    @property
    def is_busy(self) -> bool:
        """Say whether anything is still to be read."""
        return self.ended < self.documents

    @property
    def per_cent(self) -> int:
        """Return the share of documents that has come to an end; none is all."""
        return 100 * self.ended // self.documents if self.documents else 100

    def as_dict(self) -> dict[str, Any]:
        """Return what the API shows."""
        return asdict(self)


def progress_of(documents: QuerySet[Document]) -> Progress:
    """Return the progress of ``documents``, by one query."""
    recent = Q(status=Status.READY, ingested_at__gte=timezone.now() - WINDOW)
    counts = {status.value: Count("pk", filter=Q(status=status)) for status in Status}
    found = documents.order_by().aggregate(
        documents=Count("pk"),
        bytes_all=Sum("bytes", default=0),
        bytes_done=Sum("bytes", filter=Q(status__in=_ENDED), default=0),
        recently=Count("pk", filter=recent),
        bytes_recently=Sum("bytes", filter=recent, default=0),
        first=Min("ingested_at", filter=recent),
        last=Max("ingested_at", filter=recent),
        **counts,
    )
    span = (found["last"] - found["first"]).total_seconds() if found["recently"] > 1 else 0.0
    speed = (found["recently"] - 1) / span if span else 0.0  # between the first and the last there is one less
    left = found["pending"] + found["processing"]
    return Progress(
        documents=found["documents"],
        bytes=found["bytes_all"],
        bytes_done=found["bytes_done"],
        documents_per_minute=round(60 * speed, 1),
        bytes_per_s=round(found["bytes_recently"] / span, 1) if span else 0.0,
        seconds_left=round(left / speed) if speed and left else None,
        **{status.value: found[status.value] for status in Status},
    )
