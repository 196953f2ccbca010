"""What a vector store can do. Every store passes the same tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from agents.knowledge.readers import Within
    from agents.models import StoreConnection, VectorSpace

Vector = Sequence[float]


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk's vector, and the document that it is of."""

    chunk_id: int
    document_id: UUID
    vector: Vector


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, and how alike it is: 1 is the same direction, 0 has nothing in common."""

    chunk_id: int
    similarity: float


class VectorStore(Protocol):
    """Keeps the vectors of spaces, each apart from all others, for the current tenant only. Chunks themselves are PostgreSQL's."""

    name: ClassVar[str]
    is_outside: ClassVar[bool]
    """Whether it is reached over the network: then it is told what changed after the commit, never inside of a transaction."""

    def put(self, space: VectorSpace, entries: Sequence[Entry]) -> None:
        """Keep these vectors; one that is there already is replaced. Safe to do again."""

    def drop(self, space: VectorSpace, chunk_ids: Sequence[int]) -> None:
        """Forget these; what is not there is forgotten already."""

    def clear(self, space: VectorSpace) -> None:
        """Forget all of the space."""

    def nearest(self, space: VectorSpace, vector: Vector, limit: int, *, within: Within | None = None) -> list[Hit]:
        """Return up to ``limit`` chunks of the space, the most alike first; only those of documents ``within``, when given.

        A store outside may return fewer than there are, or some that are gone: who asks looks in PostgreSQL afterwards.
        """

    def fetch(self, space: VectorSpace, chunk_ids: Sequence[int]) -> dict[int, Vector]:
        """Return the vectors of those of the chunks that it has."""

    def sweep(self, store: StoreConnection, spaces: Callable[[], Collection[UUID]]) -> int:
        """Delete what the current tenant has there of spaces that are none of ``spaces()``; return of how many.

        What is there is listed before it is called, so that nothing of a space that begins meanwhile is deleted.
        """

    def count(self, space: VectorSpace) -> int:
        """Return how many vectors the space has."""
