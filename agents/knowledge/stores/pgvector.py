"""Vectors in PostgreSQL, beside the chunks they belong to: one transaction, one backup, both walls around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from pgvector.django import CosineDistance

from agents.knowledge.stores.base import Hit
from agents.models import Chunk, Document

if TYPE_CHECKING:
    from agents.knowledge.chunking import Piece
    from agents.knowledge.embedding import Vectors

BATCH = 500
LONGEST_HEADING = 500
FEW = 5_000
"""Up to so many chunks every one is compared: as fast as the index, which serves all knowledge bases, and exact."""
# The index gives chunks of every knowledge base: scan on until enough of the right one are found.
_SEARCH = "SET LOCAL hnsw.iterative_scan = 'relaxed_order'; SET LOCAL hnsw.ef_search = 200"


class PgVectorStore:
    """pgvector with an HNSW index on cosine distance."""

    name = "pgvector"

    def replace(self, document: Document, pieces: Sequence[Piece], vectors: Vectors) -> None:
        """Delete and insert in one transaction."""
        with transaction.atomic():
            self.remove(document)
            Chunk.objects.bulk_create(_rows(document, pieces, vectors), batch_size=BATCH)

    def remove(self, document: Document) -> None:
        """Delete the rows; their vectors go with them."""
        Chunk.objects.filter(document=document).delete()

    def nearest(self, knowledge_base: UUID, vector: Sequence[float], limit: int) -> list[Hit]:
        """Compare all chunks of a small knowledge base, ask the index of a large one."""
        chunks = Chunk.objects.filter(knowledge_base=knowledge_base)
        rows = chunks.annotate(distance=CosineDistance("embedding", vector)).values_list("id", "distance")
        if chunks.order_by()[: FEW + 1].count() <= FEW:
            # An index serves the operator alone, not the sum.
            return _hits(rows.order_by(F("distance") + 0.0)[:limit])
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_SEARCH)
            return _hits(rows.order_by("distance")[:limit])


def _hits(rows: Iterable[tuple[int, float]]) -> list[Hit]:
    return sorted((Hit(chunk, 1 - distance) for chunk, distance in rows), key=lambda hit: -hit.similarity)


def _rows(document: Document, pieces: Sequence[Piece], vectors: Vectors) -> Iterator[Chunk]:
    for piece, vector in zip(pieces, vectors, strict=True):
        yield Chunk(
            document=document,
            knowledge_base_id=document.knowledge_base_id,
            ordinal=piece.position,
            heading=" > ".join(piece.headings)[:LONGEST_HEADING],
            page=piece.page,
            start=piece.start,
            end=piece.end,
            text=piece.text,
            content_hash=piece.digest,
            embedding=vector,
        )
