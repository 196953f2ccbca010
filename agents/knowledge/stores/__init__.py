"""Where vectors live, one store per file. Today PostgreSQL itself, in the tenant's own schema."""

from __future__ import annotations

from agents.knowledge.stores.base import VectorStore
from agents.knowledge.stores.pgvector import PgVectorStore

STORES: dict[str, VectorStore] = {PgVectorStore.name: PgVectorStore()}


def vector_store(name: str = PgVectorStore.name) -> VectorStore:
    """Return the store with that name."""
    return STORES[name]
