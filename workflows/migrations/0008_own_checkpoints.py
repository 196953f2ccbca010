"""Checkpoints of our own saver. What the tables before held is built again from the rows of the runs' steps."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

FOLDER = Path(__file__).parent
SQL = (FOLDER / "own_checkpoints.sql").read_text()
UNDO = "DROP TABLE checkpoint_writes, checkpoint_blobs, checkpoints;" + (FOLDER / "checkpoints.sql").read_text()


class Migration(migrations.Migration):
    """Replace the checkpoint tables."""

    dependencies = [("workflows", "0007_retry")]
    operations = [migrations.RunSQL(SQL, UNDO)]
