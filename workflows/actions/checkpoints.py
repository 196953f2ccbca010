"""What LangGraph keeps of a run between two stretches. Without it a run goes on from the rows of its steps."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

CHECKPOINT_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


def forget_checkpoints(run_id: UUID) -> None:
    """Delete the run's checkpoints; what its steps gave stays in their rows."""
    with connection.cursor() as cursor:
        for table in CHECKPOINT_TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE thread_id = %s", (str(run_id),))
