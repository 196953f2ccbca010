-- Columns are there to find rows by; what is believed is in the sealed bytes (workflows/engine/checkpoints).
DROP TABLE checkpoint_writes, checkpoint_blobs, checkpoints, checkpoint_migrations;
CREATE TABLE checkpoints (
    thread_id TEXT COLLATE "C" NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C",
    metadata JSONB NOT NULL,
    blobs BYTEA[] NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (thread_id, namespace, id)
);
CREATE INDEX checkpoints_run ON checkpoints ((metadata ->> 'run_id')) WHERE metadata ? 'run_id';
-- Values that would bloat every checkpoint, once for the thread whichever checkpoints share them.
CREATE TABLE checkpoint_blobs (
    thread_id TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (thread_id, digest)
);
-- One row for what a task wrote (position 0), and one for each of its errors, interrupts and resumes (below 0).
CREATE TABLE checkpoint_writes (
    thread_id TEXT COLLATE "C" NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    checkpoint_id TEXT COLLATE "C" NOT NULL,
    task_id TEXT COLLATE "C" NOT NULL,
    position SMALLINT NOT NULL,
    writes INTEGER NOT NULL,
    blobs BYTEA[] NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (thread_id, namespace, checkpoint_id, task_id, position)
);
