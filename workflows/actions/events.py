"""The only writer of run events: numbered in one statement, told to whoever watches once they are committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from nexod.kernel import events, topics
from nexod.kernel.errors import NotFound
from nexod.observability import work
from tenants.context import current_tenant
from workflows.actions.statements import Statement
from workflows.errors import RunLost
from workflows.json_text import json_text
from workflows.models import RunEvent

# The row lock that the UPDATE takes lasts until the commit, so events become visible in the order of their numbers.
# With a fence nothing of the statement is written once another worker has claimed the run: all of it hangs on this row.
GROW = "grown AS (UPDATE workflows_run SET last_seq = last_seq + %s WHERE id = %s{fenced} RETURNING id, last_seq)"
FENCED = " AND fence = %s"
# What is committed together is one message to whoever watches, up to this many events.
TOLD_AT_ONCE = 50
APPEND = """
INSERT INTO workflows_runevent (run_id, seq, type, data, at)
SELECT grown.id, grown.last_seq - %s + told.position, told.type, told.data, clock_timestamp()
FROM grown, (VALUES {rows}) AS told (position, type, data)
RETURNING seq, at
"""


def append_event(run_id: UUID | str, event: events.Event, *, fence: int | None = None) -> RunEvent:
    """Append ``event`` to the run, and publish it to the run's topic on commit; see ``append_events``."""
    return append_events(run_id, [event], fence=fence)[0]


def append_events(
    run_id: UUID | str, told: Sequence[events.Event], *, along: Sequence[Statement] = (), fence: int | None = None
) -> list[RunEvent]:
    """Append at least one event, in their order and in one round trip, and publish them on commit.

    ``along`` are writes that PostgreSQL does in the same statement; outside a transaction they are committed with it.
    ``fence`` is the token of the claim under which a worker writes: nothing is written when it is not the newest one.
    Raises NotFound when the run is gone, RunLost when it, or its fence, is.
    """
    texts = [json_text(event.data()) for event in told]
    with connection.cursor() as cursor:
        cursor.execute(*_statement(run_id, [event.type for event in told], texts, along, fence))
        rows = cursor.fetchall()
    if len(rows) != len(told):
        if fence is not None:
            raise RunLost
        raise NotFound("The run does not exist any more.")
    stored = [
        RunEvent(run_id=run_id, seq=seq, at=at, type=event.type, data=json.loads(text))
        for (seq, at), event, text in zip(sorted(rows), told, texts, strict=True)
    ]
    tenant = current_tenant().pk

    def tell() -> None:  # a partial has no __qualname__, which Django wants to log if it fails
        _tell(tenant, str(run_id), stored, told)

    transaction.on_commit(tell, robust=True)
    return stored


def _statement(
    run_id: UUID | str, types: list[str], texts: list[str], along: Sequence[Statement], fence: int | None
) -> Statement:
    count = len(types)
    parts = [GROW.format(fenced="" if fence is None else FENCED)]
    values: list[Any] = [count, run_id, *([] if fence is None else [fence])]
    for number, (sql, given) in enumerate(along):
        parts.append(f"along{number} AS ({sql})")
        values += given
    values += [count, *(value for row in zip(range(1, count + 1), types, texts, strict=True) for value in row)]
    rows = ", ".join(["(%s, %s, %s::jsonb)"] * count)
    return f"WITH {', '.join(parts)}{APPEND.format(rows=rows)}", values


def _tell(tenant: int, run_id: str, stored: Sequence[RunEvent], told: Sequence[events.Event]) -> None:
    """A lost hint is harmless: clients read the table. So nothing that goes wrong here reaches the run."""
    for event in told:
        work.observe(event, tenant=tenant)
    topic = topics.run_topic(tenant, run_id)
    for first in range(0, len(stored), TOLD_AT_ONCE):
        together = [row.as_message() for row in stored[first : first + TOLD_AT_ONCE]]
        topics.publish(topic, {"events": together})
