"""A lane's turn: some seconds of reading for one tenant, then the others."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

from agents.actions.ingestion import read_claimed
from agents.actions.lanes import claim, go_on, waiting
from agents.actions.sitemaps import read_sitemap
from agents.knowledge.parsing.child import ParsingChild
from agents.models import Sitemap

TURN_S, MOST_REST_S = 3.0, 0.5
REST_PER_WAIT = 3
"""Runs wait for the database as well, which this thread does not see: it rests longer than it was made to wait."""
_SCHEDULED = Path("/proc/thread-self/schedstat")


def take_turn(*, lane: UUID) -> None:
    """Read what waits, one after the other, for a turn; then send the lane round again if there is more."""
    ends_at = time.monotonic() + TURN_S
    try:
        # One child for all: they are of one tenant.
        with ParsingChild() as child:
            waited_s = _waited_s()
            while time.monotonic() < ends_at and _read_next(child):
                # Where the processor was waited for, others need it, and the database beside it: theirs is the next moment.
                time.sleep(min(MOST_REST_S, REST_PER_WAIT * (_waited_s() - waited_s)))
                waited_s = _waited_s()
    finally:
        go_on(lane)


def _read_next(child: ParsingChild) -> bool:
    """Read one thing; say whether there was any."""
    if sitemap := claim(Sitemap.objects.order_by("created_at")):
        read_sitemap(sitemap)
        return True
    document = claim(waiting())
    if document:
        read_claimed(document, child)
    return document is not None


def _waited_s() -> float:
    """Return how long this thread has been ready to work and was not let; 0 where the system does not tell."""
    try:
        return int(_SCHEDULED.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
