"""The only writer of run events: numbered in one statement, told to whoever watches once they are committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from nexod.kernel import events, topics
from nexod.kernel.errors import NotFound
from nexod.kernel.often import Often
from nexod.kernel.queue import enqueue
from nexod.observability import work
from tenants import doors
from tenants.backend import replica
from tenants.context import current_tenant
from workflows.actions.moving import tell_moved
from workflows.actions.notable import SPREAD, noting_sql
from workflows.actions.statements import Along, Statement, first_insert_of, together
from workflows.errors import RunLost
from workflows.json_text import json_text
from workflows.models import Run, RunEvent

# The row lock that the UPDATE takes lasts until the commit, so events become visible in the order of their numbers.
# With a fence nothing of the statement is written once another worker has claimed the run: all of it hangs on this row.
GROW = "UPDATE workflows_run SET last_seq = last_seq + %s WHERE id = %s{fenced} RETURNING id, last_seq"
FENCED = " AND fence = %s"
# Events as rows, from one JSON text.
TOLD = "json_to_recordset(%s::json) AS told (position int, type text, data jsonb)"
# What is committed together is one message to whoever watches, up to this many events.
TOLD_AT_ONCE = 50
TELL = f"""
INSERT INTO workflows_runevent (run_id, seq, type, data, at)
SELECT grown.id, grown.last_seq - %s + told.position, told.type, told.data, clock_timestamp() FROM grown, {TOLD}
"""
# The last column says whether others are to be told, too: noted in the same statement, spread afterwards.
APPEND = f"{TELL} RETURNING seq, at, {{noting}}"


def begin_run(run: Run, event: events.Event) -> None:
    """Store the new run with its first event, count it and queue it, in one round trip and, outside a transaction, one commit.

    Nobody can watch a run whose id nobody knows, so the event is not published: only that there is one more is told.
    """
    run.last_seq = 1
    insert, values = first_insert_of(run)
    tell = TELL, [1, told_json([event], [json_text(event.data())])]
    sql, values = hanging_on((f"{insert} RETURNING id, last_seq", values), [tell])
    admit, given = doors.admitting(run.id, run.queue)
    with connection.cursor() as cursor:
        cursor.execute(Often(f"{sql} SELECT {admit} FROM grown"), [*values, *given])
    run._state.adding, run._state.db = False, connection.alias
    replica.wrote()
    tenant = current_tenant().pk

    def observe() -> None:
        work.observe(event, tenant=tenant)
        tell_moved(tenant, str(run.id), [event], run.last_seq)

    transaction.on_commit(observe, robust=True)


def append_event(run_id: UUID | str, event: events.Event, *, fence: int | None = None) -> RunEvent:
    """Append ``event`` to the run, and publish it to the run's topic on commit; see ``append_events``."""
    return append_events(run_id, [event], fence=fence)[0]


def append_events(
    run_id: UUID | str,
    told: Sequence[events.Event],
    *,
    along: Sequence[Along] = (),
    fence: int | None = None,
    grow: Statement | None = None,
) -> list[RunEvent]:
    """Append at least one event, in their order and in one round trip, and publish them on commit.

    ``along`` are writes that PostgreSQL does in the same statement; outside a transaction they are committed with it.
    ``fence`` is the token of the claim under which a worker writes: nothing is written when it is not the newest one.
    ``grow`` is an UPDATE of the run's row that does more than count the events, and heeds the fence itself.
    Raises NotFound when the run is gone, RunLost when it, or its fence, is.
    """
    texts = [json_text(event.data()) for event in told]
    fenced = "" if fence is None else FENCED
    grow = grow or (GROW.format(fenced=fenced), [len(told), run_id, *([] if fence is None else [fence])])
    sql, values = hanging_on(grow, along)
    with connection.cursor() as cursor:
        append = Often(f"{sql}{APPEND.format(noting=noting_sql(told))}")
        cursor.execute(append, [*values, len(told), told_json(told, texts)])
        rows = cursor.fetchall()
    if len(rows) != len(told):
        if fence is not None:
            raise RunLost
        raise NotFound("The run does not exist any more.")
    places = sorted((seq, at) for seq, at, _ in rows)
    stored = stored_events(run_id, told, places, [json.loads(text) for text in texts])
    publish(run_id, told, stored, noted=any(noted for *_, noted in rows))
    return stored


def hanging_on(grow: Statement, along: Sequence[Along], **named: str) -> Statement:
    """Return the beginning of a statement: ``grown``, the run's row, and the writes that are done only where it is there.

    ``named`` are writes without values whose rows others read by their names.
    """
    sql, values = grow
    parts, values = [f"grown AS ({sql})", *(f"{name} AS ({other})" for name, other in named.items())], list(values)
    for number, (other, given) in enumerate(together(along)):
        parts.append(f"along{number} AS ({other})")
        values += given
    return f"WITH {', '.join(parts)}", values


def told_json(told: Sequence[events.Event], texts: Sequence[str]) -> str:
    """Return the parameter of TOLD: the events with their data as JSON texts."""
    rows = (
        f'{{"position":{number},"type":"{event.type}","data":{text}}}'
        for number, (event, text) in enumerate(zip(told, texts, strict=True), start=1)
    )
    return f"[{','.join(rows)}]"


def stored_events(
    run_id: UUID | str, told: Sequence[events.Event], places: Sequence[tuple[int, datetime]], data: Sequence[Any]
) -> list[RunEvent]:
    """Return the rows as they were stored, ``places`` being their numbers and times."""
    return [
        RunEvent(run_id=run_id, seq=seq, at=at, type=event.type, data=one)
        for (seq, at), event, one in zip(places, told, data, strict=True)
    ]


def publish(
    run_id: UUID | str, told: Sequence[events.Event], stored: Sequence[RunEvent], *, noted: bool | None = False
) -> None:
    """Tell whoever watches, on commit; where the run is ``noted``, have a worker tell others."""
    if noted:
        enqueue(SPREAD, run=str(run_id))
    tenant = current_tenant().pk

    def tell() -> None:  # a partial has no __qualname__, which Django wants to log if it fails
        _tell(tenant, str(run_id), stored, told)

    transaction.on_commit(tell, robust=True)


def _tell(tenant: int, run_id: str, stored: Sequence[RunEvent], told: Sequence[events.Event]) -> None:
    """A lost hint is harmless: clients read the table. So nothing that goes wrong here reaches the run."""
    for event in told:
        work.observe(event, tenant=tenant)
    tell_moved(tenant, run_id, told, stored[-1].seq)
    topic = topics.run_topic(tenant, run_id)
    for first in range(0, len(stored), TOLD_AT_ONCE):
        at_once = [row.as_message() for row in stored[first : first + TOLD_AT_ONCE]]
        topics.publish(topic, {"events": at_once})
