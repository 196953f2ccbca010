"""Vectors in PostgreSQL, beside the chunks they belong to: one transaction, one backup, both walls around them.

A space of many vectors has an index of its own (agents/knowledge/stores/indexing.py), so that none of another is walked through.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import connection

from agents.knowledge.stores.base import Entry, Hit, Vector
from agents.models import ChunkVector, VectorSpace

if TYPE_CHECKING:
    from agents.knowledge.readers import Within
    from agents.models import StoreConnection

BATCH = 1_000
SEARCHED = 120
"""How many vectors a walk through the index keeps in view: what recall is paid with."""
# One round trip: what is set holds for this statement's own transaction. Some documents are not wanted: the walk goes on
# until enough of the others are found.
_SETTINGS = "SET LOCAL hnsw.iterative_scan = 'relaxed_order'; SET LOCAL hnsw.ef_search = %s; "
_NEAREST = """
SELECT v.chunk_id, {distance} AS distance FROM agents_chunkvector v{joined} WHERE v.space_id = %s{wanted}
ORDER BY distance LIMIT %s
"""
_PUT = """
INSERT INTO agents_chunkvector (space_id, chunk_id, embedding)
SELECT %s, * FROM unnest(%s::bigint[], %s::text[]::vector[])
ON CONFLICT (space_id, chunk_id) DO UPDATE SET embedding = excluded.embedding
"""


class PgVectorStore:
    """pgvector: HNSW on cosine distance where there are many, every one compared where there are few."""

    name: ClassVar[str] = "pgvector"
    is_outside: ClassVar[bool] = False

    def put(self, space: VectorSpace, entries: Sequence[Entry]) -> None:
        """Insert or replace, in the caller's transaction."""
        with connection.cursor() as cursor:
            for begin in range(0, len(entries), BATCH):
                batch = entries[begin : begin + BATCH]
                ids, vectors = [entry.chunk_id for entry in batch], [written(entry.vector) for entry in batch]
                cursor.execute(_PUT, [space.pk, ids, vectors])

    def drop(self, space: VectorSpace, chunk_ids: Sequence[int]) -> None:
        """Delete the rows; those of chunks that are deleted go by themselves."""
        ChunkVector.objects.filter(space_id=space.pk, chunk_id__in=list(chunk_ids)).delete()

    def clear(self, space: VectorSpace) -> None:
        """Delete all rows of the space."""
        ChunkVector.objects.filter(space_id=space.pk).delete()

    def nearest(self, space: VectorSpace, vector: Vector, limit: int, *, within: Within | None = None) -> list[Hit]:
        """Ask the index where there is one; compare every vector otherwise."""
        is_indexed = space.index == VectorSpace.Index.READY
        distance, given = distance_of(space), written(vector)
        joined, wanted, values = ("", "", []) if within is None else within.joined("v.chunk_id")
        # An index serves the operator alone, not the sum.
        sql = _NEAREST.format(distance=distance if is_indexed else f"{distance} + 0.0", joined=joined, wanted=wanted)
        settings, least = (_SETTINGS, [max(SEARCHED, limit)]) if is_indexed else ("", [])
        with connection.cursor() as cursor:
            cursor.execute(settings + sql, [*least, given, space.pk, *values, limit])
            while cursor.description is None and cursor.nextset():
                pass
            found = cursor.fetchall()
        return sorted((Hit(chunk, 1 - distance) for chunk, distance in found), key=lambda hit: -hit.similarity)

    def fetch(self, space: VectorSpace, chunk_ids: Sequence[int]) -> dict[int, Vector]:
        """Read the rows."""
        rows = ChunkVector.objects.filter(space_id=space.pk, chunk_id__in=list(chunk_ids))
        return {chunk: list(vector) for chunk, vector in rows.values_list("chunk_id", "embedding")}

    def sweep(self, store: StoreConnection, spaces: Callable[[], Collection[UUID]]) -> int:
        """Find nothing: the database itself lets no vector outlive its chunk and its space."""
        return 0

    def count(self, space: VectorSpace) -> int:
        """Count the rows."""
        return ChunkVector.objects.filter(space_id=space.pk).count()


def distance_of(space: VectorSpace) -> str:
    """Return the SQL of the distance to a vector that is given as text, as the space's index orders by it."""
    kind = f"{'halfvec' if space.half else 'vector'}({space.dimensions:d})"
    return f"(v.embedding::{kind} <=> %s::{kind})"


def written(vector: Vector) -> str:
    """Return the vector as pgvector reads it."""
    return str([*map(float, vector)])
