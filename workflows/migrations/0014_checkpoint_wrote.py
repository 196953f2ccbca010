"""What the one task of a step wrote stands in the row of the checkpoint after it; older rows stay where they are."""

from __future__ import annotations

from django.db import migrations

SQL = """ALTER TABLE checkpoints ADD COLUMN wrote BYTEA, ADD COLUMN wrote_blobs BYTEA[], ALTER COLUMN blobs SET DEFAULT '{}'"""
# A row of checkpoint_writes is found by its checkpoint; whose it is stands in its sealed bytes.
UNDO = """INSERT INTO checkpoint_writes (thread_id, namespace, checkpoint_id, task_id, position, writes, blobs, content)
SELECT thread_id, namespace, parent, id, 0, 1, coalesce(wrote_blobs, '{}'), wrote FROM checkpoints
WHERE wrote IS NOT NULL AND parent IS NOT NULL;
ALTER TABLE checkpoints DROP COLUMN wrote, DROP COLUMN wrote_blobs, ALTER COLUMN blobs DROP DEFAULT"""


class Migration(migrations.Migration):
    """Add two columns; no row is written again."""

    dependencies = [("workflows", "0013_tries")]
    operations = [migrations.RunSQL(SQL, UNDO)]
