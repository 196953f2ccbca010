"""Runs that lost worker after worker: one of them may be what kills, the others only came along. They are kept apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nexod.kernel import events
from workflows.models import Run, RunEvent

SUSPECT_FROM = 2
# After these, that a worker is lost says nothing about the run any more.
PROGRESS = (events.RunResumed.type, events.RunHandedBack.type, events.StepCompleted.type)
_busy = threading.Lock()


def losses(run: Run) -> int:
    """Return how many workers began with the run since its last progress and did not leave it; ``run`` as it was claimed."""
    if run.status != Run.Status.RUNNING:
        return 0
    told = RunEvent.objects.filter(run=run.id)
    news = told.filter(type__in=PROGRESS).order_by("-seq").values("seq", "type").first() or {"seq": 0, "type": ""}
    starts = told.filter(type=events.RunStarted.type, seq__gt=news["seq"]).count()
    # Whoever made the newest progress is lost too, for it went no further.
    return starts + (news["type"] == events.StepCompleted.type)


@contextmanager
def one_suspect_at_a_time(run: Run) -> Iterator[bool]:
    """Say whether the run may be worked on in this process now: not when it is a suspect, and another one is at work."""
    if losses(run) < SUSPECT_FROM:
        yield True
        return
    admitted = _busy.acquire(blocking=False)
    try:
        yield admitted
    finally:
        if admitted:
            _busy.release()
