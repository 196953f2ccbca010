"""The SQL of the checkpoints. Whatever is stored together is one statement: one round trip, one commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from workflows.engine.checkpoints.packing import Packed, TaskWrites
from workflows.engine.checkpoints.places import Place

VALUE = {"metadata": "%s::jsonb", "blobs": "%s::bytea[]", "wrote_blobs": "%s::bytea[]"}
REPLACED = """ON CONFLICT (thread_id, namespace, id)
DO UPDATE SET metadata = excluded.metadata, blobs = excluded.blobs, state = excluded.state"""
WROTE_TOO = ", wrote = excluded.wrote, wrote_blobs = excluded.wrote_blobs"
# Of what a task wrote the longest list stays: it begins with the others. An error, interrupt or resume takes the place of the
# one before.
WRITES = """INSERT INTO checkpoint_writes AS old
(thread_id, namespace, checkpoint_id, task_id, position, writes, blobs, content) VALUES {}
ON CONFLICT (thread_id, namespace, checkpoint_id, task_id, position)
DO UPDATE SET writes = excluded.writes, blobs = excluded.blobs, content = excluded.content
WHERE old.position < 0 OR old.writes < excluded.writes"""
WRITE = "(%s, %s, %s, %s, %s, %s, %s::bytea[], %s)"
# Who drops the large values that nothing names any more waits for who is naming some, and the other way round.
KEY = "hashtextextended(current_schema() || thread, 0)"
GATE = f"gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({KEY}) FROM (SELECT %s::text AS thread) AS locked)"
BLOBS = """stored AS (
    INSERT INTO checkpoint_blobs (thread_id, digest, content)
    SELECT %s, new.digest, new.content FROM gate, unnest(%s::bytea[], %s::bytea[]) AS new (digest, content)
    ON CONFLICT DO NOTHING)"""
KEPT = """kept AS MATERIALIZED (
    SELECT FROM gate, checkpoint_blobs AS old WHERE old.thread_id = %s AND old.digest = ANY(%s::bytea[]) FOR KEY SHARE OF old)"""
IF_KEPT = "WHERE (SELECT count(*) FROM kept) = %s"
ONLY_NEWEST = """no_checkpoints AS (DELETE FROM checkpoints WHERE thread_id = %s AND id <> %s),
no_writes AS (DELETE FROM checkpoint_writes WHERE thread_id = %s AND checkpoint_id <> %s),
no_blobs AS (DELETE FROM checkpoint_blobs WHERE thread_id = %s AND digest <> ALL(%s::bytea[]))"""


class NewCheckpoint(NamedTuple):
    """A checkpoint to store: where it stands, what came before it, its metadata as JSON, what was packed, and what the one
    task between the two wrote, if it is to stand in the same row."""

    place: Place
    parent: str | None
    metadata: str
    packed: Packed
    wrote: Packed | None = None

    @property
    def parts(self) -> list[Packed]:
        """Return all that was packed."""
        return [self.packed, self.wrote] if self.wrote else [self.packed]

    @property
    def row(self) -> dict[str, Any]:
        """Return the row; lists of large values that are empty are not sent."""
        thread, namespace, here = self.place
        row: dict[str, Any] = {
            "thread_id": thread, "namespace": namespace, "id": here, "parent": self.parent,
            "metadata": self.metadata, "state": self.packed.content,
        }  # fmt: skip
        if names := self.packed.names:
            row["blobs"] = names
        if self.wrote:
            row["wrote"] = self.wrote.content
            if names := self.wrote.names:
                row["wrote_blobs"] = names
        return row


class NewWrites(NamedTuple):
    """What a task wrote, and at which checkpoint."""

    place: Place
    writes: TaskWrites


class Statement(NamedTuple):
    """SQL and its parameters."""

    sql: str
    params: list[Any]


def storing(
    new: NewCheckpoint | None, writes: Sequence[NewWrites] = (), *, instead_of_all: bool = False
) -> Statement | None:
    """Return what stores all of it, of one thread; ``instead_of_all`` leaves nothing else of the thread.

    It changes no row when a large value that it only names is not stored any more. None: there is nothing to store.
    """
    packed = [*(new.parts if new else ()), *(one.writes.packed for one in writes)]
    blobs = {digest: content for one in packed for digest, content in one.blobs.items()}
    reused = new.packed.reused - blobs.keys() if new else set()
    before: list[str] = []
    params: list[Any] = []
    if blobs or reused:
        thread = (new or writes[0]).place.thread_id
        before, params = _blobs(thread, blobs, reused)
    if new and instead_of_all:
        before.append(ONLY_NEWEST)
        params += _only(new, writes)
    if writes:
        sql, more = _writes(writes)
        before.append(f"written AS ({sql})" if new else sql)
        params += more
    if new:
        row = new.row
        before.append(_inserting(tuple(row), if_kept=bool(reused)))
        params += row.values()
        params += [len(reused)] if reused else []
    if not before:
        return None
    return Statement(_with(before), params)


@lru_cache
def _inserting(columns: tuple[str, ...], *, if_kept: bool) -> str:
    values = ", ".join(VALUE.get(column, "%s") for column in columns)
    given = f"SELECT {values} {IF_KEPT}" if if_kept else f"VALUES ({values})"
    replaced = REPLACED + WROTE_TOO if "wrote" in columns else REPLACED
    return f"INSERT INTO checkpoints ({', '.join(columns)}) {given} {replaced}"


def _with(parts: list[str]) -> str:
    return f"WITH {', '.join(parts[:-1])} {parts[-1]}" if len(parts) > 1 else parts[0]


def _blobs(thread: str, blobs: dict[bytes, bytes], reused: Iterable[bytes]) -> tuple[list[str], list[Any]]:
    parts = [GATE]
    params: list[Any] = [thread]
    if blobs:
        parts.append(BLOBS)
        params += [thread, list(blobs), list(blobs.values())]
    if reused:
        parts.append(KEPT)
        params += [thread, list(reused)]
    return parts, params


def _only(new: NewCheckpoint, writes: Sequence[NewWrites]) -> list[Any]:
    thread = new.place.thread_id
    named = [name for one in (*new.parts, *(one.writes.packed for one in writes)) for name in one.names]
    return [thread, new.place.checkpoint_id, thread, new.place.checkpoint_id, thread, named]


def _writes(writes: Sequence[NewWrites]) -> tuple[str, list[Any]]:
    """One statement may not touch a row twice: of two for the same, the later one is stored."""
    rows = {(*place, one.task_id, one.position): one for place, one in writes}
    params: list[Any] = []
    for key, one in rows.items():
        params += [*key, one.size, one.packed.names, one.packed.content]
    return WRITES.format(", ".join([WRITE] * len(rows))), params
