"""Vectors in PostgreSQL, beside the chunks they belong to: one transaction, one backup, both walls around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from pgvector.django import CosineDistance

from agents.knowledge.stores.base import Hit
from agents.models import Chunk, Document

if TYPE_CHECKING:
    from agents.knowledge.chunking import Piece
    from agents.knowledge.embedding import Vectors

BATCH = 500
LONGEST_HEADING = 500
# One HNSW index serves all knowledge bases of a tenant: scan on until enough of the right one are found.
_SEARCH = "SET LOCAL hnsw.iterative_scan = 'strict_order'; SET LOCAL hnsw.ef_search = 100"


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
        """Ask the index, or for a small knowledge base whatever PostgreSQL finds cheaper."""
        chunks = Chunk.objects.filter(knowledge_base=knowledge_base).alias(distance=CosineDistance("embedding", vector))
        found = chunks.annotate(similarity=1 - CosineDistance("embedding", vector)).order_by("distance")
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_SEARCH)
            return [Hit(*row) for row in found.values_list("id", "similarity")[:limit]]


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
