"""What a store outside must be told: written down with the change itself, sent after the commit, in order, until it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from agents.knowledge.stores.base import Entry
from agents.models import KnowledgeBase, VectorChange, VectorSpace
from nexod.kernel.queue import enqueue
from tenants.messages import enqueue_kept
from tenants.models import DueTime


def note_vectors(space: VectorSpace, entries: Sequence[Entry]) -> None:
    """Have the store told of these vectors."""
    _note(space, [(entry.chunk_id, entry.document_id, entry.vector) for entry in entries])


def note_gone(space: VectorSpace, document: UUID, chunk_ids: Sequence[int]) -> None:
    """Have the store told that these chunks are gone."""
    _note(space, [(chunk, document, None) for chunk in chunk_ids])


def _note(space: VectorSpace, changes: Sequence[tuple[int, UUID, Sequence[float] | None]]) -> None:
    if not changes:
        return
    VectorChange.objects.bulk_create(
        [
            VectorChange(space=space, chunk_id=chunk, document_id=document, embedding=vector)
            for chunk, document, vector in changes
        ],
        batch_size=500,
    )
    enqueue_kept(DueTime.Kind.VECTORS, space.pk)


def note_cleared(base: KnowledgeBase) -> None:
    """Have stores outside forget the spaces of a knowledge base that goes; what they need to know travels in the message."""
    for space in VectorSpace.objects.filter(knowledge_base=base, connection__isnull=False):
        enqueue(
            "agents.clear_namespace",
            connection=str(space.connection_id),
            knowledge_base=str(base.pk),
            space=str(space.pk),
        )
    for space in VectorSpace.objects.filter(knowledge_base=base).exclude(index=VectorSpace.Index.NONE):
        enqueue("agents.drop_index", queue="ops", space=str(space.pk))
