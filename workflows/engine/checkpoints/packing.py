"""Checkpoints and writes to sealed bytes and back. Large values are left out, and named by what they contain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from django.conf import settings
from langgraph.checkpoint.base import WRITES_IDX_MAP, Checkpoint, CheckpointMetadata, CheckpointTuple, PendingWrite

from workflows.engine.checkpoints.errors import CheckpointRefused, CheckpointUnreadable
from workflows.engine.checkpoints.places import Place
from workflows.engine.checkpoints.seal import name_of, seal, unseal
from workflows.engine.checkpoints.serde import StrictSerde
from workflows.errors import StateTooLarge
from workflows.json_text import json_text, storable

# What is larger goes to a row of its own, which the checkpoints that follow share.
INLINE_BYTES = 4096
VALUES = "channel_values"
Blobs = dict[bytes, bytes]


@dataclass(slots=True)
class Packed:
    """What one statement stores: a sealed text, and the large values that it names, each with its bytes if they are not
    known to be stored already. ``channels`` are those of a checkpoint whose values are large."""

    content: bytes = b""
    blobs: Blobs = field(default_factory=dict)
    reused: set[bytes] = field(default_factory=set)
    channels: dict[str, bytes] = field(default_factory=dict)

    @property
    def names(self) -> list[bytes]:
        """Return the names of all its large values."""
        return [*self.blobs, *self.reused]


class TaskWrites(NamedTuple):
    """What a task wrote in one go: its values (position 0), or one error, interrupt or resume (below 0)."""

    task_id: str
    position: int
    size: int
    packed: Packed


class Found(NamedTuple):
    """A row of the select in ``statements``, its large values apart."""

    thread_id: str
    namespace: str
    id: str
    parent: str | None
    metadata: str
    state: bytes
    writes: list[bytes]


class Packer:
    """Packs and unpacks with one table of types."""

    def __init__(self, serde: StrictSerde) -> None:
        self._serde = serde

    def checkpoint(
        self, place: Place, checkpoint: Checkpoint, metadata: CheckpointMetadata, known: Mapping[str, bytes]
    ) -> Packed:
        """Return the checkpoint packed; ``known`` names the large values that are stored and did not change."""
        packed = Packed()
        inline: dict[str, bytes] = {}
        names = packed.channels
        for channel, value in checkpoint["channel_values"].items():
            if channel in known:
                names[channel] = known[channel]
                packed.reused.add(known[channel])
            else:
                self._put(packed, channel, value, inline, names)
        head = {key: value for key, value in checkpoint.items() if key != VALUES}
        content = [place.namespace, checkpoint["id"], place.checkpoint_id, metadata, head, inline, names]
        packed.content = self._sealed(packed, content)
        return packed

    def writes(
        self, place: Place, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> Iterable[TaskWrites]:
        """Return the task's writes as they are stored."""
        ordinary = [write for write in writes if write[0] not in WRITES_IDX_MAP]
        batches = [(0, ordinary)] if ordinary else []
        batches += [(WRITES_IDX_MAP[write[0]], [write]) for write in writes if write[0] in WRITES_IDX_MAP]
        for position, batch in batches:
            packed = Packed()
            values: list[tuple[str, bytes | None, bytes | None]] = []
            for channel, value in batch:
                inline: dict[str, bytes] = {}
                names: dict[str, bytes] = {}
                self._put(packed, channel, value, inline, names)
                values.append((channel, inline.get(channel), names.get(channel)))
            content = [place.namespace, place.checkpoint_id, task_id, task_path, position, values]
            packed.content = self._sealed(packed, content)
            yield TaskWrites(task_id, position, len(batch), packed)

    def tuple_of(self, found: Found, blobs: Blobs) -> tuple[CheckpointTuple, dict[str, bytes]]:
        """Return what is stored, and which channels' values are stored by which name; raise CheckpointUnreadable."""
        namespace, checkpoint_id, parent, metadata, head, inline, names = self._open(found.state, 7)
        if (namespace, checkpoint_id) != (found.namespace, found.id) or found.parent not in (None, parent):
            raise CheckpointUnreadable
        if json.loads(found.metadata) != storable(metadata):
            raise CheckpointUnreadable
        values = {channel: self._serde.loads(content) for channel, content in inline.items()}
        values |= {channel: self._serde.loads(_blob(blobs, name)) for channel, name in names.items()}
        here = Place(found.thread_id, namespace, checkpoint_id)
        before = Place(found.thread_id, namespace, parent).config if parent and found.parent else None
        checkpoint = cast(Checkpoint, {**head, VALUES: values})
        pending = self._pending(found, blobs)
        return CheckpointTuple(here.config, checkpoint, metadata, before, pending), names

    def _pending(self, found: Found, blobs: Blobs) -> list[PendingWrite]:
        """A task that was done again after a fork has written twice: the longest list stays, as in ``statements``."""
        longest: dict[tuple[str, str, int], list[Any]] = {}
        for namespace, checkpoint_id, task_id, task_path, position, values in (
            self._open(sealed, 6) for sealed in found.writes
        ):
            if (namespace, checkpoint_id) != (found.namespace, found.id):
                raise CheckpointUnreadable
            key = (task_path, task_id, position)
            if len(values) > len(longest.get(key, ())):
                longest[key] = values
        return [
            (task_id, channel, self._serde.loads(content if name is None else _blob(blobs, name)))
            for (_, task_id, _), values in sorted(longest.items(), key=lambda one: one[0])
            for channel, content, name in values
        ]

    def _put(self, packed: Packed, channel: str, value: Any, inline: dict[str, bytes], names: dict[str, bytes]) -> None:
        content = self._serde.dumps(value)
        if len(content) <= INLINE_BYTES:
            inline[channel] = content
        else:
            names[channel] = name = name_of(content)
            packed.blobs[name] = content

    def _sealed(self, packed: Packed, content: list[Any]) -> bytes:
        sealed = seal(self._serde.dumps(content))
        size, limit = len(sealed) + sum(map(len, packed.blobs.values())), settings.NEXOD_MAX_STATE_BYTES
        if size > limit:
            message = f"A checkpoint may have {limit:,} bytes; this one would have {size:,}."
            raise StateTooLarge(message, details={"limit": limit, "this": size})
        return sealed

    def _open(self, sealed: bytes, length: int) -> list[Any]:
        content = self._serde.loads(unseal(sealed))
        if not isinstance(content, list) or len(content) != length:
            raise CheckpointUnreadable
        return content


def metadata_text(metadata: CheckpointMetadata) -> str:
    """Return the metadata as JSON, for filters; raise CheckpointRefused for what is none."""
    try:
        return json_text(metadata)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointRefused(f"The metadata of this checkpoint are not JSON: {error}.") from error


def _blob(blobs: Blobs, name: bytes) -> bytes:
    if (content := blobs.get(name)) is None:
        raise CheckpointUnreadable
    return content
