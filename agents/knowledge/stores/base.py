"""What a vector store can do. Every store passes the same tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from agents.knowledge.chunking import Piece
    from agents.knowledge.embedding import Vectors
    from agents.models import Document


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, and how alike it is: 1 is the same direction, 0 has nothing in common."""

    chunk_id: int
    similarity: float


class VectorStore(Protocol):
    """Keeps the chunks of documents with their vectors, for the current tenant only."""

    name: str

    def replace(self, document: Document, pieces: Sequence[Piece], vectors: Vectors) -> None:
        """Store the chunks of ``document`` in place of all that it had: all of them or, when this raises, none."""

    def remove(self, document: Document) -> None:
        """Forget the chunks of ``document``; again changes nothing."""

    def nearest(self, knowledge_base: UUID, vector: Sequence[float], limit: int) -> list[Hit]:
        """Return up to ``limit`` chunks of that knowledge base, the most alike first."""
