"""A run as it happens, for whoever watches: joined first, replayed from the table, then live, nothing twice, nothing missing.

The event table is the truth and the push a hint. Watchers in one process share nothing but the topic; each keeps its place.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any
from uuid import UUID

from nexod.http.permissions import ScopeMissing
from nexod.kernel import topics
from nexod.kernel.errors import NotFound
from nexod.kernel.hub import Message
from nexod.observability.metrics import watchers
from tenants.accounts.models import ApiKey, User
from tenants.accounts.permissions import require_permission
from tenants.context import in_tenant
from tenants.models import Tenant
from workflows.models import Run, RunEvent

HEARTBEAT_S = 15.0
ADMITTED_FOR_S = 60.0
PAGE = 500
TERMINAL = frozenset(("run.completed", "run.failed", "run.cancelled"))

Admit = Callable[[], Any]


def admit(user: User, key: ApiKey | None, run_id: UUID | str) -> Run:
    """Return the run that ``user`` (with ``key``, if one was used) may watch. For use inside the tenant.

    Raises ScopeMissing, PermissionDenied or NotFound.
    """
    if key is not None and "read" not in key.scopes:
        raise ScopeMissing("This needs an API key with the scope read.", details={"scope": "read"})
    require_permission(user, "workflows.view_run")
    run = Run.objects.only("id", "status", "last_seq").filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such run here.")
    return run


def events_after(run_id: UUID | str, after: int, limit: int = PAGE) -> list[Message]:
    """Return at most ``limit`` events of the run beyond ``after``, in order. For use inside the tenant."""
    rows = RunEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")[:limit]
    return [Message(row.as_message()) for row in rows]


async def follow(
    tenant: Tenant, run_id: UUID | str, *, after: int = 0, kind: str, still: Admit
) -> AsyncGenerator[Sequence[Message]]:
    """Yield the run's events beyond ``after``, those that came together in one page, and an empty page whenever HEARTBEAT_S
    passed without one; end when the run has.

    ``still`` is asked inside the tenant every ADMITTED_FOR_S whether the watcher may go on; what it raises ends the stream.
    """
    place = _Place(tenant, run_id, after)
    admitted = time.monotonic()
    with watchers.labels(kind).track_inprogress():
        async with topics.subscribe(topics.run_topic(tenant.pk, str(run_id))) as inbox:
            hint: Message | None = None
            while True:
                page = await place.move(hint)
                if page:
                    yield page
                admitted = await _readmitted(tenant, still, admitted)
                if len(page) == PAGE:
                    hint = None
                    continue
                if place.is_over or (hint is None and await in_tenant(tenant, place.is_at_the_end)):
                    return
                hint = await inbox.get(HEARTBEAT_S)
                if hint is None:
                    yield ()


async def _readmitted(tenant: Tenant, still: Admit, admitted: float) -> float:
    if time.monotonic() - admitted < ADMITTED_FOR_S:
        return admitted
    await in_tenant(tenant.schema_name, still)  # by name: the tenant may have been suspended meanwhile
    return time.monotonic()


class _Place:
    """How far one watcher has come in one run."""

    def __init__(self, tenant: Tenant, run_id: UUID | str, after: int) -> None:
        self.tenant, self.run_id, self.seq = tenant, run_id, after
        self.is_over = False

    async def move(self, hint: Message | None) -> Sequence[Message]:
        """Return what comes next: what the hint carries when that begins with the very next event, else a page of the table."""
        if hint is not None:
            fresh = [event for event in hint.events if event["seq"] > self.seq]
            if not fresh or fresh[0]["seq"] == self.seq + 1:
                return self._past(fresh)
        return self._past(await in_tenant(self.tenant, events_after, self.run_id, self.seq))

    def is_at_the_end(self) -> bool:
        """Say whether nothing more will come: the watcher had seen the end before, or the run was deleted."""
        run = Run.objects.only("status", "last_seq").filter(pk=self.run_id).first()
        return run is None or (run.is_over and run.last_seq <= self.seq)

    def _past(self, messages: Sequence[Message]) -> Sequence[Message]:
        """A run that failed can be resumed, so only the last event tells that it is over."""
        if messages:
            self.seq, self.is_over = messages[-1]["seq"], messages[-1]["type"] in TERMINAL
        return messages
