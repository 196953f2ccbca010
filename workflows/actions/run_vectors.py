"""Make runs ready to be found by what they were about: when somebody searches, so that a run costs nothing for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from agents.memory.recall import vectors
from workflows.models import Run, RunVector

AT_ONCE = 2_000
"""At most so many by one search; the newest come first, the next search goes on."""
BATCH = 200
LONGEST = 4_000


def make_ready(most: int = AT_ONCE) -> int:
    """Make vectors of runs that are over and have none of their last end; return of how many."""
    stale = Q(vector=None) | Q(vector__finished_at__lt=F("finished_at"))
    runs = Run.objects.filter(stale, status__in=Run.OVER, finished_at__isnull=False, is_try=False)
    rows = list(runs.order_by("-created_at").values("pk", "title", "inputs", "outputs", "finished_at")[:most])
    for begin in range(0, len(rows), BATCH):
        _store(rows[begin : begin + BATCH])
    return len(rows)


@transaction.atomic
def _store(rows: Sequence[Mapping[str, Any]]) -> None:
    """A run that was deleted meanwhile is left out."""
    embeddings = vectors([words_of(row) for row in rows])
    there = set(
        Run.objects.select_for_update(no_key=True)
        .filter(pk__in=[row["pk"] for row in rows])
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    RunVector.objects.bulk_create(
        [
            RunVector(run_id=row["pk"], embedding=one, finished_at=row["finished_at"])
            for row, one in zip(rows, embeddings, strict=True)
            if row["pk"] in there
        ],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=["embedding", "finished_at"],
    )


def words_of(row: Mapping[str, Any]) -> str:
    """Return what a run says: its title, then the texts among its inputs and outputs."""
    texts = [row["title"], *_texts(row["inputs"]), *_texts(row["outputs"])]
    return " ".join(texts)[:LONGEST]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value[:LONGEST]
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value[:100]:
            yield from _texts(part)
