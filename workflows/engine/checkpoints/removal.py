"""The SQL that removes and copies checkpoints."""

from __future__ import annotations

from workflows.engine.checkpoints.statements import KEY

# Taken in a statement of its own, before the others look at the rows: they then see what was stored until now.
LOCK = f"SELECT pg_advisory_xact_lock({KEY}) FROM (SELECT unnest(%s::text[]) AS thread ORDER BY 1) AS locked"
DELETE_THREADS = """WITH no_checkpoints AS (DELETE FROM checkpoints WHERE thread_id = ANY(%s::text[])),
no_writes AS (DELETE FROM checkpoint_writes WHERE thread_id = ANY(%s::text[]))
DELETE FROM checkpoint_blobs WHERE thread_id = ANY(%s::text[])"""
THREADS_OF_RUNS = (
    "SELECT DISTINCT thread_id FROM checkpoints WHERE metadata ? 'run_id' AND metadata ->> 'run_id' = ANY(%s::text[])"
)
DELETE_RUNS = """WITH gone AS (
    DELETE FROM checkpoints WHERE metadata ? 'run_id' AND metadata ->> 'run_id' = ANY(%s::text[])
    RETURNING thread_id, namespace, id
)
DELETE FROM checkpoint_writes w USING gone g WHERE (w.thread_id, w.namespace, w.checkpoint_id) = (g.thread_id, g.namespace, g.id)"""
NEWEST = """SELECT DISTINCT ON (thread_id, namespace) thread_id, namespace, id, metadata FROM checkpoints
WHERE thread_id = ANY(%s::text[]) ORDER BY thread_id, namespace, id DESC"""
# Such a state is only whole with the writes before it.
DELTAS = f"SELECT thread_id FROM ({NEWEST}) AS newest WHERE metadata ? 'counters_since_delta_snapshot' LIMIT 1"
KEEP_NEWEST = f"""WITH newest AS ({NEWEST}), unneeded AS (
    UPDATE checkpoints c SET wrote = NULL, wrote_blobs = NULL FROM newest n
    WHERE (c.thread_id, c.namespace, c.id) = (n.thread_id, n.namespace, n.id) AND c.wrote IS NOT NULL
), gone AS (
    DELETE FROM checkpoints c USING newest n WHERE c.thread_id = n.thread_id AND c.namespace = n.namespace AND c.id < n.id
    RETURNING c.thread_id, c.namespace, c.id
)
DELETE FROM checkpoint_writes w USING gone g WHERE (w.thread_id, w.namespace, w.checkpoint_id) = (g.thread_id, g.namespace, g.id)"""
DELETE_UNNAMED = """DELETE FROM checkpoint_blobs b WHERE thread_id = ANY(%s::text[])
AND NOT EXISTS (SELECT FROM checkpoints c WHERE c.thread_id = b.thread_id AND b.digest = ANY(c.blobs || c.wrote_blobs))
AND NOT EXISTS (SELECT FROM checkpoint_writes w WHERE w.thread_id = b.thread_id AND b.digest = ANY(w.blobs))"""
COPY = """WITH checkpoints_too AS (
    INSERT INTO checkpoints (thread_id, namespace, id, parent, metadata, blobs, state, wrote, wrote_blobs)
    SELECT %s, namespace, id, parent, metadata, blobs, state, wrote, wrote_blobs
    FROM checkpoints WHERE thread_id = %s ON CONFLICT DO NOTHING
), writes_too AS (
    INSERT INTO checkpoint_writes SELECT %s, namespace, checkpoint_id, task_id, position, writes, blobs, content
    FROM checkpoint_writes WHERE thread_id = %s ON CONFLICT DO NOTHING
)
INSERT INTO checkpoint_blobs SELECT %s, digest, content FROM checkpoint_blobs WHERE thread_id = %s ON CONFLICT DO NOTHING"""
