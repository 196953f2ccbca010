"""How a run begins: the claim of its ticket and the first stretch of a new run are one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nexod.kernel import events
from nexod.kernel.often import Often
from workflows.actions.events import publish, stored_events
from workflows.actions.notable import noting_sql
from workflows.json_text import json_text
from workflows.models import Run

# The run before its ticket: everybody who locks both does so in this order. A run that is not new is claimed all the same, and
# nothing is written of it. RETURNING gives the row as it is now.
BEGIN = """
WITH found AS (SELECT id, fence FROM workflows_run WHERE id = %s FOR NO KEY UPDATE),
claimed AS MATERIALIZED (SELECT doors.claim_ticket(id, %s, %s, fence) AS token FROM found),
begun AS (
  UPDATE workflows_run SET fence = claimed.token, status = 'running', started_at = clock_timestamp(), last_seq = last_seq + 1
  FROM claimed
  WHERE workflows_run.id = %s AND workflows_run.fence < claimed.token AND status = 'pending' AND started_at IS NULL
    AND NOT cancel_requested AND NOT pause_requested AND compensation IS NULL
  RETURNING workflows_run.*),
told AS (
  INSERT INTO workflows_runevent (run_id, seq, type, data, at)
  SELECT id, last_seq, %s, %s::jsonb, clock_timestamp() FROM begun
  RETURNING at, {noting} AS noted)
SELECT claimed.token, told.at, told.noted, begun.* FROM claimed LEFT JOIN begun ON true LEFT JOIN told ON true
"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What came of asking for a run: the token of the claim, if it was free, and the run, if it was new and has begun."""

    token: int | None
    run: Run | None


def begin_run(run_id: UUID, worker: str, lease_s: float) -> Beginning | None:
    """Claim the run for ``worker``, and mark it as running if it is new; None when there is no such run."""
    told = events.RunStarted()
    data = told.data()
    values = [run_id, worker, lease_s, run_id, told.type, json_text(data)]
    row: Any = next(iter(Run.objects.raw(Often(BEGIN.format(noting=noting_sql([told]))), values)), None)
    if row is None:
        return None
    if row.id is None:
        return Beginning(row.token, None)
    publish(run_id, [told], stored_events(run_id, [told], [(row.last_seq, row.at)], [data]), noted=row.noted)
    return Beginning(row.token, row)
