"""A run as it happens, for whoever watches: joined first, replayed from the table, then live, nothing twice, nothing missing.

The event table is the truth and the push a hint. Watchers in one process share nothing but the topic; each keeps its place.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import lru_cache
from uuid import UUID

from django.db.models import IntegerField

from nexod.http.permissions import ScopeMissing
from nexod.kernel import topics
from nexod.kernel.errors import NotFound
from nexod.kernel.hub import ASIDES, Inbox, Message
from nexod.kernel.reads import Read
from nexod.observability.metrics import watchers
from tenants.accounts.models import ApiKey, User
from tenants.accounts.permissions import require_permission
from tenants.context import in_tenant
from tenants.models import Tenant
from workflows.audience import Person, attending
from workflows.models import Run, RunEvent

HEARTBEAT_S = 15.0
PAGE = 200
TERMINAL = frozenset(("run.completed", "run.failed", "run.cancelled"))


def admit(user: User, key: ApiKey | None, run_id: UUID | str) -> Run:
    """Return the run that ``user`` (with ``key``, if one was used) may watch. For use inside the tenant.

    Raises ScopeMissing, PermissionDenied or NotFound.
    """
    require_watcher(user, key)
    run = _standing.first(run_id)
    if run is None:
        raise NotFound("There is no such run here.")
    return run


def require_watcher(user: User, key: ApiKey | None) -> None:
    """Raise ScopeMissing or PermissionDenied unless ``user`` (with ``key``, if one was used) may watch runs."""
    if key is not None and "read" not in key.scopes:
        raise ScopeMissing("This needs an API key with the scope read.", details={"scope": "read"})
    require_permission(user, "workflows.view_run")


_standing = Read(lambda pk: Run.objects.only("id", "status", "last_seq").filter(pk=pk).order_by(), Run._meta.pk)


def events_after(run_id: UUID | str, after: int, limit: int = PAGE) -> list[Message]:
    """Return at most ``limit`` events of the run beyond ``after``, in order. For use inside the tenant."""
    return [Message(row.as_message()) for row in _events(limit).rows(run_id, after)]


@lru_cache(maxsize=8)
def _events(limit: int) -> Read[RunEvent]:
    return Read(
        lambda run, after: RunEvent.objects.filter(run=run, seq__gt=after).order_by("seq")[:limit],
        Run._meta.pk,
        IntegerField(),
    )


def asides(query: Mapping[str, str]) -> frozenset[str]:
    """Return what a client asked for beside events: ``?text=1`` and ``?viewers=1``."""
    return frozenset(kind for kind in ASIDES if query.get(kind) == "1")


async def follow(
    tenant: Tenant, run_id: UUID | str, *, after: int = 0, kind: str, watcher: Person | None = None
) -> AsyncGenerator[Sequence[Message]]:
    """Yield the run's events beyond ``after``, those that came together in one page, and an empty page whenever HEARTBEAT_S
    passed without one; end when the run has. Between them comes what has no number: what models say, and who watches.

    ``watcher`` is who is seen watching. Whether they may go on is for ``tenants.entry.porter`` to say.
    """
    place = _Place(tenant, run_id, after)
    with watchers.labels(kind).track_inprogress():
        async with topics.subscribe(topics.run_topic(tenant.pk, str(run_id))) as inbox, AsyncExitStack() as stack:
            if watcher is not None:
                yield (await stack.enter_async_context(attending(tenant, run_id, watcher)),)
            async with aclosing(_pages(place, inbox)) as pages:
                async for page in pages:
                    yield page


async def _pages(place: _Place, inbox: Inbox) -> AsyncGenerator[Sequence[Message]]:
    hint: Message | None = None
    while True:
        page = await place.move(hint)
        if page:
            yield page
        if len(page) == PAGE:
            hint = None
            continue
        # An event that is not the last one tells that the run was not over when it was read.
        if place.is_over or (hint is None and not page and await in_tenant(place.tenant, place.is_at_the_end)):
            return
        hint = await inbox.get(HEARTBEAT_S)
        while hint is not None and hint.aside is not None:
            yield (hint.aside,)
            hint = await inbox.get(HEARTBEAT_S)
        if hint is None:
            yield ()


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
        run = _standing.first(self.run_id)
        return run is None or (run.is_over and run.last_seq <= self.seq)

    def _past(self, messages: Sequence[Message]) -> Sequence[Message]:
        """A run that failed can be resumed, so only the last event tells that it is over."""
        if messages:
            self.seq, self.is_over = messages[-1]["seq"], messages[-1]["type"] in TERMINAL
        return messages
