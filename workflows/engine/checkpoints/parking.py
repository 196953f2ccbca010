"""What the engine gives LangGraph: a saver that keeps the run's place in memory until the run parks.

The place is then stored over Django's connection, in the transaction that says that the run waits. A run that ends stores none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Self, cast
from uuid import UUID

from django.db import connection
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple

from workflows.engine.checkpoints.base import Saver
from workflows.engine.checkpoints.errors import CheckpointRefused, CheckpointUnreadable
from workflows.engine.checkpoints.packing import metadata_text
from workflows.engine.checkpoints.places import Place, place_of
from workflows.engine.checkpoints.reading import newest, read
from workflows.engine.checkpoints.statements import NewCheckpoint, NewWrites, Statement, storing
from workflows.errors import StateTooLarge

logger = logging.getLogger(__name__)
# What the state of our graphs looks like (``graph.State``, the names of their nodes). Another number is another shape: such a
# checkpoint is left alone, and the graph walked again from the rows of the run's steps.
SHAPE = {"nexod_state": 2}


class Parking(Saver):
    """The place of one run for one stretch. ``stored`` is where the stretch before left it."""

    def __init__(self, run_id: UUID, stored: CheckpointTuple | None = None) -> None:
        super().__init__()
        self.run_id = run_id
        self.stored = stored
        self._put: tuple[Place, Checkpoint, CheckpointMetadata] | None = None
        self._written: list[tuple[Place, Sequence[tuple[str, Any]], str, str]] = []

    @classmethod
    def of(cls, run_id: UUID) -> Self:
        """Return the run's parking, with its place if one is stored that can be used."""
        parking = cls(run_id)
        with connection.cursor() as cursor:
            cursor.execute(*newest(Place(str(run_id), "")))
            found, blobs = read(cursor.fetchall())
        try:
            stored = parking.packer.tuple_of(found[0], blobs)[0] if found else None
        except CheckpointUnreadable as error:
            logger.error("A run's checkpoint cannot be used: it goes on from its steps", extra={"error": error.code})
            return parking
        if stored is not None and not SHAPE.items() <= stored.metadata.items():
            logger.info("A run's checkpoint has another shape: it goes on from its steps")
            return parking
        parking.stored = stored
        return parking

    @property
    def config(self) -> RunnableConfig:
        """Return where LangGraph is to look for it."""
        return {"configurable": {"thread_id": str(self.run_id), "checkpoint_ns": ""}}

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the stored place."""
        return self.stored

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep the place where the stretch ends."""
        self._put = (place_of(config), checkpoint, cast(CheckpointMetadata, {**metadata, **SHAPE}))
        return Place(str(self.run_id), "", checkpoint["id"]).config

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what the tasks of the unfinished step wrote or asked."""
        self._written.append((place_of(config), writes, task_id, task_path))

    def store(self) -> None:
        """Store the place instead of the one before: one statement, over Django's connection.

        A place that cannot be stored is left out, and told to the log: the run can go on from its steps as well.
        """
        try:
            statement = self._statement()
        except (CheckpointRefused, StateTooLarge) as error:
            logger.warning("A run's place cannot be stored: it will go on from its steps", extra={"error": str(error)})
            return
        if statement is not None:
            with connection.cursor() as cursor:
                cursor.execute(*statement)

    def _statement(self) -> Statement | None:
        writes = [
            NewWrites(place, one)
            for place, written, task_id, task_path in self._written
            for one in self.packer.writes(place, written, task_id, task_path)
        ]
        if self._put is None:
            return storing(None, writes)
        before, checkpoint, metadata = self._put
        here = Place(before.thread_id, before.namespace, checkpoint["id"])
        packed = self.packer.checkpoint(before, checkpoint, metadata, {})
        new = NewCheckpoint(here, before.checkpoint_id, metadata_text(metadata), packed)
        return storing(new, writes, instead_of_all=True)
