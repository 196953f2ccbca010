"""Where vectors live, one store per file: PostgreSQL itself in the tenant's own schema, or a service outside."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from agents.knowledge.stores.base import VectorStore

STORES = {
    "pgvector": "agents.knowledge.stores.pgvector.PgVectorStore",
    "pinecone": "agents.knowledge.stores.pinecone.PineconeStore",
}


@cache
def vector_store(name: str = "pgvector") -> VectorStore:
    """Return the store with that name; its client is imported only now."""
    module, _, store = STORES[name].rpartition(".")
    made: VectorStore = getattr(import_module(module), store)()
    return made
