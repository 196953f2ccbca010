"""Celery messages that are kept: sent on commit, and again until their task is done, whatever the broker or a worker forgets.

The due time in public is the message (ids only); what Celery carries is a copy of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError

from nexod.kernel.queue import enqueue, enqueue_for
from tenants.actions.due_times import TASKS, TIMES
from tenants.doors import Call, call
from tenants.due_times import database_now
from tenants.entry.celery import TenantTask
from tenants.models import DueTime, Tenant

# A store that went away, or a worker that has to stop.
LANE = UUID(int=0)
"""The item of messages that are about nothing but their tenant."""
FOLDED_S = 1.0
UNDONE = (OperationalError, InterfaceError, SystemExit)
KINDS = {name: (kind, argument) for kind, (name, argument, _) in TASKS.items()}


def enqueue_kept(kind: DueTime.Kind, item: UUID) -> None:
    """Send the Celery task of that kind for ``item`` when the transaction commits, and again until it is done."""
    call("keep_message", kind.value, item)
    send_kept(kind, item)


def enqueue_kept_for(tenants: Iterable[Tenant], kind: DueTime.Kind) -> None:
    """Do the same from the public plane, for each of ``tenants``; the message is about nothing but its tenant."""
    name, argument, queue = TASKS[kind]
    asked_at, wanted = database_now(), list(tenants)
    looked_at = asked_at + timedelta(seconds=TIMES["first"])
    DueTime.objects.bulk_create(
        [DueTime(tenant=one, kind=kind, item=LANE, due_at=asked_at, wake_at=looked_at) for one in wanted],
        update_conflicts=True, unique_fields=["tenant", "kind", "item"], update_fields=["due_at", "wake_at", "wakes"],
    )  # fmt: skip
    for one in wanted:
        enqueue_for(one.schema_name, name, queue=queue, **{argument: str(LANE)})


def enqueue_folded(kind: DueTime.Kind, item: UUID = LANE) -> None:
    """Have that kind's Celery task sent FOLDED_S from now, once for all who ask until then, and again until it is done."""
    call("fold_message", kind.value, item, FOLDED_S)


def keeping(kind: DueTime.Kind, item: str) -> Call:
    """Return what keeps the message for the item that the SQL ``item`` names, to be part of another statement; it is true."""
    return f"doors.keep_message(%s, {item})", [kind.value]


def send_kept(kind: DueTime.Kind, item: UUID) -> None:
    """Send the message on commit; it is kept already."""
    name, argument, queue = TASKS[kind]
    given: dict[str, Any] = {argument: str(item)}
    enqueue(name, queue=queue, **given)


def drop_kept(kind: DueTime.Kind, item: UUID, *, taken_at: datetime) -> None:
    """Forget the message, unless it was put off or sent anew since it was taken."""
    call("drop_message", kind.value, item, taken_at)


class KeptTask(TenantTask):
    """The base of the Celery tasks of such messages: what they do may be done twice. One that fails is not tried again, unless
    its worker was lost or a store was away."""

    abstract = True

    def scoped(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and forget the message."""
        kind, argument = KINDS[self.name]
        item = UUID(kwargs[argument])
        taken_at = self.taken_at(kind, item)
        if taken_at is None:
            return None
        is_done = True
        try:
            return super().scoped(*args, **kwargs)
        except UNDONE:
            is_done = False
            raise
        finally:
            if is_done:
                drop_kept(kind, item, taken_at=taken_at)

    def taken_at(self, kind: DueTime.Kind, item: UUID) -> datetime | None:
        """Return until when it was asked for what is done now; None when that was done already."""
        return database_now()


class FoldedTask(KeptTask):
    """The base of the Celery tasks of messages that many ask for: each does what was asked for until it began."""

    abstract = True

    def taken_at(self, kind: DueTime.Kind, item: UUID) -> datetime | None:
        """Wait for whoever is asking just now."""
        found: datetime | None = call("take_message", kind.value, item)
        return found
