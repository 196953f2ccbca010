"""What LangGraph keeps of a run between two stretches. Without it a run goes on from the rows of its steps."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

FORGET = """WITH no_checkpoints AS (DELETE FROM checkpoints WHERE thread_id = %s),
no_writes AS (DELETE FROM checkpoint_writes WHERE thread_id = %s)
DELETE FROM checkpoint_blobs WHERE thread_id = %s"""


def forget_checkpoints(run_id: UUID) -> None:
    """Delete the run's checkpoints; what its steps gave stays in their rows."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [str(run_id)] * 3)
