"""Shows out who may not watch any more: everybody in this process is looked at once a second, by one query for each tenant watched.

What is looked at is the database, not what somebody says: it makes no difference who took the permission, or how.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.db import DatabaseError

from nexod.kernel.errors import NexodError
from tenants.accounts.standing import Badge, marks
from tenants.context import in_tenant
from tenants.models import Tenant

LOOK_S = 1.0
# However things stand, each is admitted anew so often: what counts a stream as open, for one, has to be told that it is.
ADMITTED_FOR_S = 60.0
# Streams say something every 15 s; who has read nothing for so long is gone, or as good as.
READS_WITHIN_S = 60.0
TENANTS_AT_ONCE = 4
logger = logging.getLogger(__name__)


class ReadsNothing(NexodError):
    """Nothing of this stream was read for too long."""

    code, status = "reads_nothing", 408


@dataclass(eq=False, slots=True)
class Visit:
    """One open stream: as whom, and what admits its watcher anew."""

    tenant: Tenant
    badge: Badge
    mark: str
    still: Callable[[], object]
    task: asyncio.Task[object]
    admitted: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    lost: NexodError | None = None

    def moves(self) -> None:
        """Note that the client took what it was sent."""
        self.moved = time.monotonic()

    def show_out(self, error: NexodError) -> None:
        """End whatever the stream does at the moment, if it only waits for its client to read."""
        if self.lost is None:
            self.lost = error
            self.task.cancel()


class Porter:
    """The visits of one event loop."""

    def __init__(self) -> None:
        self._visits: set[Visit] = set()
        self._round: asyncio.Task[None] | None = None

    def let_in(self, visit: Visit) -> None:
        """Look after the visit from now on."""
        self._visits.add(visit)
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._go_round())

    def let_go(self, visit: Visit) -> None:
        """Forget it."""
        self._visits.discard(visit)

    async def _go_round(self) -> None:
        """Look while anybody is there. It rests before it looks: who stays for a moment only is never looked at."""
        gate, took = asyncio.Semaphore(TENANTS_AT_ONCE), 0.0
        while self._visits:
            await asyncio.sleep(max(LOOK_S / 4, LOOK_S - took))
            began = time.monotonic()
            await asyncio.gather(*(self._look(schema, of, gate) for schema, of in self._by_tenant().items()))
            took = time.monotonic() - began

    def _by_tenant(self) -> dict[str, list[Visit]]:
        found: dict[str, list[Visit]] = defaultdict(list)
        for visit in self._visits:
            if visit.lost is None:
                found[visit.tenant.schema_name].append(visit)
        return found

    async def _look(self, schema: str, visits: list[Visit], gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                # by name: the tenant may have been suspended meanwhile
                refused = await in_tenant(schema, _refused, visits)
            except NexodError as error:
                refused = dict.fromkeys(visits, error)
            except DatabaseError as error:  # nobody is shown out because nobody can be asked
                logger.warning("Watchers could not be looked at", extra={"reason": type(error).__name__})
                return
        for visit, refusal in refused.items():
            visit.show_out(refusal)


def _refused(visits: list[Visit]) -> dict[Visit, NexodError]:
    """Return who may not stay, and why. For use inside the tenant.

    Of those who came without a mark, as with the same badge in several streams, one is admitted anew for all of them.
    """
    found = marks(visit.badge for visit in visits)
    refused: dict[Visit, NexodError] = {}
    known: set[Badge] = set()
    now = time.monotonic()
    for visit in visits:
        try:
            if now - visit.moved > READS_WITHIN_S:
                raise ReadsNothing
            mark = visit.badge.mark(found)
            if not visit.mark and visit.badge in known:
                visit.mark = mark
            elif mark != visit.mark or now - visit.admitted >= ADMITTED_FOR_S:
                visit.still()
                if not visit.mark:  # what admits another kind of stream says nothing of these
                    known.add(visit.badge)
                visit.mark, visit.admitted = mark, now
        except NexodError as error:
            refused[visit] = error
    return refused


_porters: WeakKeyDictionary[asyncio.AbstractEventLoop, Porter] = WeakKeyDictionary()


@asynccontextmanager
async def looked_after(tenant: Tenant, badge: Badge, mark: str, still: Callable[[], object]) -> AsyncIterator[Visit]:
    """Let the running task watch inside the block until it may not any more; then raise why, within 2 s.

    ``mark`` is how things stood when it was admitted; without one the first look, within LOOK_S, admits anew. ``still``, called
    inside the tenant, admits anew or raises.
    """
    task = asyncio.current_task()
    assert task is not None
    visit, porter = Visit(tenant, badge, mark, still, task), _porters.setdefault(asyncio.get_running_loop(), Porter())
    asked_before = task.cancelling()
    porter.let_in(visit)
    try:
        yield visit
    except asyncio.CancelledError:
        # As asyncio.timeout does: if nobody else wants the task to end, what ends is the block.
        if visit.lost is not None and task.uncancel() <= asked_before:
            raise visit.lost from None
        raise
    finally:
        porter.let_go(visit)
