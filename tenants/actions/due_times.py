"""The sweeper's work in the due times: send a message for whatever is due, in any tenant, found by one indexed query."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from nexod.kernel.queue import send
from tenants.models import DueTime

BATCH = 200
# A message that is lost, or whose worker is, is sent again after 5 s, then after twice as long each time. Whoever does what is
# due sets the next time or clears it. A suspended tenant's are looked at once a minute.
TIMES = {"first": 5, "longest": 600, "suspended": 60}
# No two messages lie so far apart; only a clock that was set back makes it look so.
IMPOSSIBLE = "15 minutes"
TASKS = {
    DueTime.Kind.RUN: ("workflows.spread_events", "run", "default"),
    DueTime.Kind.SCHEDULE: ("workflows.fire_schedule", "trigger", "default"),
    DueTime.Kind.FIRING: ("workflows.start_firing", "firing", "default"),
    DueTime.Kind.DELIVERY: ("collaboration.send_delivery", "delivery", "webhooks"),
    DueTime.Kind.DOCUMENT: ("agents.ingest_documents", "lane", "ingest"),
    DueTime.Kind.VECTORS: ("agents.send_vectors", "space", "ingest"),
    DueTime.Kind.ASKED: ("collaboration.notify_approval", "approval", "default"),
    DueTime.Kind.NOTED: ("collaboration.notify_about_approval", "entry", "default"),
    DueTime.Kind.ENDED: ("collaboration.notify_run", "run", "default"),
    DueTime.Kind.APPROVAL: ("workflows.approval_due", "approval", "default"),
    DueTime.Kind.RECOUNT: ("workflows.recount_approvals", "lane", "default"),
    DueTime.Kind.BUDGET: ("workflows.reconsider_budget", "budget", "default"),
    DueTime.Kind.ROOM: ("agents.look_for_room", "lane", "default"),
}
SWEEP = """
WITH due AS (
  SELECT d.id, n.schema_name, n.status = 'active' AS active
  FROM tenants_duetime d JOIN tenants_tenant n ON n.id = d.tenant_id
  WHERE d.wake_at <= now() ORDER BY d.wake_at LIMIT %(batch)s
  FOR UPDATE OF d SKIP LOCKED
)
UPDATE tenants_duetime d
SET wakes = least(wakes + 1, 30),
    wake_at = now() + make_interval(
      secs => CASE WHEN NOT due.active THEN %(suspended)s ELSE least(%(first)s * 2.0 ^ wakes, %(longest)s) END)
FROM due WHERE d.id = due.id
RETURNING d.id, d.kind, d.item::text, due.schema_name, due.active
"""
AFTER_THE_CLOCK_WENT_BACK = """
UPDATE tenants_duetime SET wake_at = greatest(due_at, now()) WHERE wake_at > greatest(due_at, now()) + %s::interval
"""


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something that a worker should look at."""

    id: int
    kind: str
    item: str
    schema: str
    active: bool


def sweep_due_times() -> list[DueItem]:
    """Send a message for everything of active tenants that is due, at most BATCH, and return what was due, of all tenants.

    Several sweepers at once share the work: a row is moved on in the statement that finds it. Works on the platform plane.
    Raises kombu's OperationalError when the broker is away; what was not sent is due again then.
    """
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, {"batch": BATCH, **TIMES})
        found = [DueItem(*row) for row in cursor.fetchall()]
    due = [one for one in found if one.active]
    for position, one in enumerate(due):
        name, argument, queue = TASKS[DueTime.Kind(one.kind)]
        try:
            send(name, tenant=one.schema, queue=queue, **{argument: one.item})
        except OperationalError:
            _put_back([unsent.id for unsent in due[position:]])
            raise
    return found


def correct_due_times() -> int:
    """Make due what a clock that was set back has moved out of reach; return how many that were."""
    with connection.cursor() as cursor:
        cursor.execute(AFTER_THE_CLOCK_WENT_BACK, [IMPOSSIBLE])
        return int(cursor.rowcount)


def _put_back(rows: list[int]) -> None:
    DueTime.objects.filter(pk__in=rows).update(wake_at=Now(), wakes=0)
