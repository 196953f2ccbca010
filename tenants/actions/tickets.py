"""The sweeper's work in the run queue: wake what nobody seems to look after. Ids and times, never what a run is about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from nexod.kernel.errors import PermissionDenied
from nexod.kernel.queue import ADVANCE, enqueue, send
from tenants.accounts.models import User
from tenants.context import enter_tenant
from tenants.models import RunTicket, Tenant

BATCH = 200
# A message that is lost is sent again after 5 s (1 s when it was for a run that lost its worker, for the next one may be
# lost as well), then after twice as long each time, and every ten minutes at last: where workers are merely busy a ticket
# gets a dozen messages or so in two hours. A suspended tenant's tickets are looked at once a minute.
TIMES = {"first": 5, "first_lost": 1, "longest": 600, "suspended": 60}
# No claim and no message waits that long; only a clock that was set back makes it look so.
IMPOSSIBLE = "15 minutes"
SWEEP = """
WITH due AS (
  SELECT t.id, n.schema_name, n.status = 'active' AS active
  FROM tenants_runticket t JOIN tenants_tenant n ON n.id = t.tenant_id
  WHERE t.wake_at <= now() ORDER BY t.wake_at LIMIT %(batch)s
  FOR UPDATE OF t SKIP LOCKED
)
UPDATE tenants_runticket t
SET wakes = least(wakes + 1, 30),
    wake_at = now() + make_interval(
      secs => CASE WHEN NOT due.active THEN %(suspended)s
        ELSE least(CASE t.state WHEN 'claimed' THEN %(first_lost)s ELSE %(first)s END * 2.0 ^ wakes, %(longest)s) END)
FROM due WHERE t.id = due.id
RETURNING t.id, t.run::text, t.queue, t.state, t.priority, due.schema_name, due.active
"""
# Nobody's message waits in these queues, so those that were sent for tickets which are still there have come to nothing.
HASTEN = """
UPDATE tenants_runticket t SET wake_at = now(), wakes = 1
FROM tenants_tenant n
WHERE n.id = t.tenant_id AND n.status = 'active' AND t.wakes > 1 AND t.state IN ('ready', 'claimed') AND t.queue = ANY (%(queues)s)
  AND t.wake_at BETWEEN now() + make_interval(secs => %(first)s) AND now() + make_interval(secs => %(longest)s)
"""
AFTER_THE_CLOCK_WENT_BACK = """
UPDATE tenants_runticket SET wake_at = now()
WHERE wake_at > now() + %s::interval AND not_before IS NULL AND state IN ('ready', 'claimed')
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A ticket that a worker should look at."""

    id: int
    run: str
    queue: str
    state: str
    priority: int
    schema: str
    active: bool


def sweep() -> list[Due]:
    """Send a message for each ticket of active tenants whose wake-up is due, at most BATCH, and return these tickets.

    Several sweepers at once share the work: a ticket is moved on in the statement that finds it. Works on the platform
    plane. Raises kombu's OperationalError when the broker is away; what was not sent is due again then.
    """
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, {"batch": BATCH, **TIMES})
        found = [Due(*row) for row in cursor.fetchall()]
    due = sorted((one for one in found if one.active), key=lambda one: -one.priority)
    for position, one in enumerate(due):
        try:
            send(ADVANCE, tenant=one.schema, queue=one.queue, run=one.run)
        except OperationalError:
            _put_back([unsent.id for unsent in due[position:]])
            raise
    return due


def hasten(empty: Collection[str]) -> int:
    """Let the next sweep look at what waits ever longer in queues that are ``empty`` in the broker; return how much that is.

    The pause between messages doubles because workers may be busy; where they took every message they are not.
    """
    if not empty:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(HASTEN, {"queues": list(empty), **TIMES})
        return int(cursor.rowcount)


def correct_times() -> int:
    """Make due what a clock that was set back has moved out of reach; return how many tickets that were."""
    with connection.cursor() as cursor:
        cursor.execute(AFTER_THE_CLOCK_WENT_BACK, [IMPOSSIBLE])
        return int(cursor.rowcount)


def send_dead_again(*, actor: User, tickets: QuerySet[RunTicket]) -> int:
    """Let workers try the dead ones of ``tickets`` again; return how many these are. Raises PermissionDenied."""
    if not actor.is_superuser:
        raise PermissionDenied("Only administrators of the platform may do this.")
    dead = tickets.filter(state=RunTicket.State.DEAD, tenant__status=Tenant.Status.ACTIVE).select_related("tenant")
    for ticket in dead:
        with enter_tenant(ticket.tenant):
            enqueue("workflows.revive_run", run=str(ticket.run))
    return len(dead)


def wake_tickets_of(tenant: Tenant) -> None:
    """Let the next sweep look at the tickets of a tenant that was suspended."""
    RunTicket.objects.filter(tenant=tenant, wake_at__isnull=False, not_before__isnull=True).update(
        wake_at=Now(), wakes=0
    )


def _put_back(tickets: list[int]) -> None:
    RunTicket.objects.filter(pk__in=tickets).update(wake_at=Now(), wakes=0)
