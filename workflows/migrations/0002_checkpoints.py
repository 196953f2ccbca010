"""The tables in which LangGraph keeps its checkpoints, in each tenant's schema."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "checkpoints.sql").read_text()
UNDO = "DROP TABLE checkpoint_writes, checkpoint_blobs, checkpoints, checkpoint_migrations"


class Migration(migrations.Migration):
    """Create the checkpoint tables."""

    dependencies = [("workflows", "0001_initial")]
    operations = [migrations.RunSQL(SQL, UNDO)]
