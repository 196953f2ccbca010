"""LangGraph's checkpoints in a tenant's schema, under its role: one statement, one round trip and one commit for each."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_serializable_checkpoint_metadata,
)
from psycopg.rows import tuple_row

from tenants.backend.raw import RawConnection
from workflows.engine.checkpoints import removal
from workflows.engine.checkpoints.base import Saver
from workflows.engine.checkpoints.errors import CheckpointRefused
from workflows.engine.checkpoints.known import Known
from workflows.engine.checkpoints.packing import metadata_text
from workflows.engine.checkpoints.places import Place, name, place_of
from workflows.engine.checkpoints.reading import Search, newest, read
from workflows.engine.checkpoints.statements import NewCheckpoint, NewWrites, Statement, storing
from workflows.engine.checkpoints.waiting import Waiting, in_row

Writes = Sequence[tuple[str, Any]]
Rows = list[tuple[Any, ...]]
Page = list[CheckpointTuple]
# LangGraph tells what a task wrote and then, in another thread, the checkpoint after it: one may overtake the other.
OVERTAKEN_S = 0.02


class TenantSaver(Saver):
    """A saver over one connection of the tenant's, for threads and (each call in a thread) for coroutines.

    Raises CheckpointRefused or StateTooLarge for what it does not store, CheckpointUnreadable for what it does not believe.
    """

    def __init__(self, connection: RawConnection) -> None:
        super().__init__()
        self._connection = connection
        self._cursor = connection.cursor(row_factory=tuple_row)
        self._lock = threading.RLock()
        self._wrote = threading.Condition(self._lock)
        self._known = Known()
        self._waiting = Waiting()

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store the checkpoint, and with it what the one task before it wrote."""
        before, told = place_of(config), get_serializable_checkpoint_metadata(config, metadata)
        here = Place(before.thread_id, before.namespace, name("checkpoint_id", checkpoint["id"]))
        text = metadata_text(told)
        with self._lock:
            if told.get("source") == "loop":
                self._wrote.wait_for(lambda: not self._waiting.is_coming(before), OVERTAKEN_S)
            wrote, others = in_row(self._waiting.take(here), before, here)
            known = self._known.unchanged(here, checkpoint)
            packed = self.packer.checkpoint(before, checkpoint, told, known)
            if not self._store(NewCheckpoint(here, before.checkpoint_id, text, packed, wrote), others):
                self._known.forget()
                packed = self.packer.checkpoint(before, checkpoint, told, {})
                self._store(NewCheckpoint(here, before.checkpoint_id, text, packed, wrote))
            self._known.note(here, checkpoint, packed.channels)
            self._waiting.note(here, checkpoint)
        return here.config

    def put_writes(self, config: RunnableConfig, writes: Writes, task_id: str, task_path: str = "") -> None:
        """Store what a task wrote; at once, unless its checkpoint follows at once."""
        here = place_of(config)
        packed = self.packer.writes(here, writes, name("task_id", task_id), task_path)
        new = [NewWrites(here, one) for one in packed]
        with self._lock:
            if self._waiting.may(here, writes, task_path):
                self._waiting.add(here, new)
                self._wrote.notify_all()
            else:
                self._waiting.expect_none(here)
                self._store(None, new)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the checkpoint that ``config`` names, or the newest of its thread and namespace."""
        with self._lock:
            found, blobs = read(self._rows(newest(place_of(config))))
            if not found:
                return None
            given, names = self.packer.tuple_of(found[0], blobs)
            self._known.note(place_of(given.config), given.checkpoint, names)
        return given

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Give the checkpoints of a thread, or of all, newest first."""
        search = Search(config, filter, before, limit)
        while page := self._page(search):
            yield from page

    def delete_thread(self, thread_id: str) -> None:
        """Remove all that is stored of the thread."""
        self.prune([thread_id], strategy="delete")

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Remove the checkpoints whose metadata have one of these as run_id, with their writes."""
        runs = [str(run) for run in run_ids]
        with self._lock:
            threads = [thread for (thread,) in self._rows(Statement(removal.THREADS_OF_RUNS, [runs]))]
        if threads:
            with self._alone_with(threads):
                self._cursor.execute(removal.DELETE_RUNS, [runs])
                self._cursor.execute(removal.DELETE_UNNAMED, [threads])

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints and writes of a thread; what the other one has already stays."""
        source, target = name("thread_id", source_thread_id), name("thread_id", target_thread_id)
        if source != target:
            with self._alone_with([source, target]):
                self._cursor.execute(removal.COPY, [target, source] * 3)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep the newest checkpoint of each namespace (``keep_latest``) or nothing (``delete``) of the threads.

        Raises CheckpointRefused for a thread whose newest state is only whole with what was written before.
        """
        threads = [name("thread_id", thread) for thread in thread_ids]
        if strategy not in ("keep_latest", "delete"):
            raise CheckpointRefused(f"{strategy!r} is no way to prune: give 'keep_latest' or 'delete'.")
        with self._alone_with(threads):
            if strategy == "delete":
                self._cursor.execute(removal.DELETE_THREADS, [threads] * 3)
                return
            self._cursor.execute(removal.DELTAS, [threads])
            if delta := self._cursor.fetchone():
                raise CheckpointRefused(
                    f"The thread {delta[0]!r} has a DeltaChannel: its older checkpoints are needed."
                )
            self._cursor.execute(removal.KEEP_NEWEST, [threads])
            self._cursor.execute(removal.DELETE_UNNAMED, [threads])

    def close(self) -> None:
        """Store what still waits."""
        with self._lock:
            self._flush()
            self._cursor.close()

    def _store(self, new: NewCheckpoint | None, writes: Sequence[NewWrites] = ()) -> bool:
        statement = storing(new, writes)
        if statement is None:
            return True
        self._cursor.execute(*statement)
        return new is None or self._cursor.rowcount > 0

    def _rows(self, statement: Statement) -> Rows:
        self._flush()
        return self._cursor.execute(*statement).fetchall()

    def _page(self, search: Search) -> Page:
        statement = search.next
        if statement is None:
            return []
        with self._lock:
            return search.take(self._rows(statement), self.packer)

    def _flush(self) -> None:
        for waited in self._waiting.take_all():
            self._store(None, waited)

    @contextmanager
    def _alone_with(self, threads: Sequence[str]) -> Iterator[None]:
        """Work in one transaction while nobody names a large value of these threads."""
        with self._lock:
            self._flush()
            self._known.forget()
            with self._connection.transaction():
                self._cursor.execute(removal.LOCK, [list(threads)])
                yield

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Do as ``put``, beside the event loop."""
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(self, config: RunnableConfig, writes: Writes, task_id: str, task_path: str = "") -> None:
        """Do as ``put_writes``, beside the event loop."""
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Do as ``get_tuple``, beside the event loop."""
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Do as ``list``, beside the event loop."""
        search = Search(config, filter, before, limit)
        while page := await asyncio.to_thread(self._page, search):
            for one in page:
                yield one

    async def adelete_thread(self, thread_id: str) -> None:
        """Do as ``delete_thread``, beside the event loop."""
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Do as ``delete_for_runs``, beside the event loop."""
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Do as ``copy_thread``, beside the event loop."""
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Do as ``prune``, beside the event loop."""
        await asyncio.to_thread(self.prune, thread_ids, strategy=strategy)
