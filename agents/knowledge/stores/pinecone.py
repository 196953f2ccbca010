"""Vectors in a Pinecone index: a namespace for each space, which carries tenant and knowledge base in its name.

The real client does the work; its bytes go through the platform's egress, as all that leave it do. What was written is seen by
searches some seconds later, so nothing here waits to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from agents.knowledge.errors import StoreRefused, StoreUnavailable
from agents.knowledge.stores.base import Entry, Hit, Vector
from nexod.kernel.one_per_process import OnePerProcess
from nexod.kernel.secrets import decrypt
from tenants.context import current_tenant, release_connections

if TYPE_CHECKING:
    import httpx
    from pinecone import Index

    from agents.knowledge.readers import Within
    from agents.models import StoreConnection, VectorSpace

MOST_A_REQUEST, MOST_BYTES, MOST_DROPPED, MOST_FETCHED = 200, 1_500_000, 1_000, 100
"""Pinecone takes 1,000 vectors or 2 MB a request, 1,000 ids a deletion; ids to fetch travel in the address."""
BYTES_A_NUMBER = 24
MOST_DOCUMENTS = 1_000
"""Names of documents in a filter; where more may answer, more passages are asked for and looked at here."""
MORE = 3
TIMEOUT_S = 20.0
MOST_CLIENTS = 32


class PineconeStore:
    """One index holds all spaces of a connection."""

    name: ClassVar[str] = "pinecone"
    is_outside: ClassVar[bool] = True

    def put(self, space: VectorSpace, entries: Sequence[Entry]) -> None:
        """Upsert in requests that are small enough."""
        size = max(1, min(MOST_A_REQUEST, MOST_BYTES // (space.dimensions * BYTES_A_NUMBER)))
        with _asking(space) as index:
            for batch in _batches(entries, size):
                vectors = [
                    (str(entry.chunk_id), [*map(float, entry.vector)], {"document": str(entry.document_id)})
                    for entry in batch
                ]
                index.upsert(vectors=vectors, namespace=namespace(space))

    def drop(self, space: VectorSpace, chunk_ids: Sequence[int]) -> None:
        """Delete by id."""
        with _asking(space) as index:
            for batch in _batches(chunk_ids, MOST_DROPPED):
                _unless_missing(lambda ids=batch: index.delete(ids=[*map(str, ids)], namespace=namespace(space)))  # type: ignore[misc]

    def clear(self, space: VectorSpace) -> None:
        """Delete the namespace's vectors."""
        with _asking(space) as index:
            _unless_missing(lambda: index.delete(delete_all=True, namespace=namespace(space)))

    def nearest(self, space: VectorSpace, vector: Vector, limit: int, *, within: Within | None = None) -> list[Hit]:
        """Query the namespace. Cosine similarity is the index's own score."""
        asked: dict[str, Any] = {"top_k": limit, "vector": [*map(float, vector)], "namespace": namespace(space)}
        if within is not None:
            documents = within.documents(MOST_DOCUMENTS)
            if documents == []:
                return []
            if documents is None:
                asked["top_k"] = limit * MORE
            else:
                asked["filter"] = {"document": {"$in": [*map(str, documents)]}}
        with _asking(space) as index:
            return [Hit(int(match.id), float(match.score)) for match in index.query(**asked).matches]

    def fetch(self, space: VectorSpace, chunk_ids: Sequence[int]) -> dict[int, Vector]:
        """Fetch by id."""
        found: dict[int, Vector] = {}
        with _asking(space) as index:
            for batch in _batches(chunk_ids, MOST_FETCHED):
                vectors = index.fetch(ids=[*map(str, batch)], namespace=namespace(space)).vectors
                found |= {int(key): list(vector.values) for key, vector in vectors.items()}
        return found

    def sweep(self, store: StoreConnection, spaces: Callable[[], Collection[UUID]]) -> int:
        """Clear the namespaces whose names begin with the current tenant's and end with a space that is gone."""
        with _asking_at(store) as index:
            named = [name for name in index.describe_index_stats().namespaces if name.startswith(_own())]
            living = {space.hex for space in spaces()}
            gone = [name for name in named if name.rpartition(".")[2] not in living]
            for name in gone:
                _unless_missing(lambda name=name: index.delete(delete_all=True, namespace=name))  # type: ignore[misc]
        return len(gone)

    def count(self, space: VectorSpace) -> int:
        """Ask the index for its statistics, which lag behind."""
        with _asking(space) as index:
            spaces = index.describe_index_stats().namespaces
            return int(spaces[namespace(space)].vector_count) if namespace(space) in spaces else 0


def namespace(space: VectorSpace) -> str:
    """Return the space's own place in the index: tenant, knowledge base, space."""
    return f"{_own()}{space.knowledge_base_id.hex}.{space.pk.hex}"


def _own() -> str:
    """Return what the names of the tenant's namespaces begin with; the dot ends the tenant's, so that none begins another's."""
    return f"{current_tenant().schema_name}."


def _asking(space: VectorSpace) -> AbstractContextManager[Index]:
    return _asking_at(space.connection)


@contextmanager
def _asking_at(connection: StoreConnection | None) -> Iterator[Index]:
    """Give the index; raise StoreUnavailable for what may be tried again, StoreRefused for what may not."""
    from pinecone.errors import exceptions as failures

    if connection is None or not connection.encrypted_key:
        raise StoreRefused("The vector store's connection has no key. Give it one.")
    key = decrypt(connection.encrypted_key, bound_to=current_tenant().schema_name)
    release_connections()
    try:
        yield _index(connection.address, key)
    except (failures.ServiceError, failures.PineconeConnectionError, failures.PineconeTimeoutError) as error:
        raise StoreUnavailable(f"Pinecone cannot be reached: {str(error)[:200]}") from error
    except failures.ApiError as error:
        if error.status_code == 429:
            raise StoreUnavailable("Pinecone has had too many requests for now.") from error
        raise StoreRefused(f"Pinecone refused: {str(error)[:200]}") from error


@lru_cache(maxsize=MOST_CLIENTS)
def _index(address: str, key: str) -> Index:
    """Return the client of an index; its transport becomes the platform's egress, beneath the client's own retries.

    It has no socket of its own: who falls out of those that are kept may be at work still, and has nothing to close.
    """
    import httpx
    from pinecone import Index

    class Egress(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["Accept-Encoding"] = "identity"
            return _way_out()._transport.handle_request(request)

    index = Index(host=address, api_key=key, timeout=TIMEOUT_S)
    # The client has no door for a transport of one's own; this is where it puts its.
    retrying: Any = index._http._client._transport
    retrying._transport.close()
    retrying._transport = Egress()
    return index


def _client() -> httpx.Client:
    from nexod.kernel.egress import http_client

    return http_client()


_way_out = OnePerProcess(_client)
"""The client that all indexes share, so that its bound on connections holds for all of them together."""


def _unless_missing(delete: Callable[[], object]) -> None:
    """Delete; a namespace that is not there holds nothing any more."""
    from pinecone.errors import exceptions as failures

    try:
        delete()
    except failures.NotFoundError:
        return


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[begin : begin + size] for begin in range(0, len(items), size))
