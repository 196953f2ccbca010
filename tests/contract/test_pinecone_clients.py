"""However many keys a process has worked with, it keeps a few clients and one pool of connections for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agents.knowledge.stores import pinecone as store
from tests.pinecone_server import PineconeServer


@pytest.fixture
def server(settings: Any) -> Iterator[PineconeServer]:
    store._index.cache_clear()
    with PineconeServer() as server:
        settings.NEXOD_EGRESS_ALLOW = [server.address.removeprefix("http://")]
        yield server
    store._index.cache_clear()


def test_clients_are_few_and_who_falls_out_goes_on_with_its_work(server: PineconeServer) -> None:
    first = store._index(server.address, server.key)
    first.describe_index_stats()
    for number in range(store.MOST_CLIENTS + 5):
        store._index(server.address, f"key {number}")
    assert store._index.cache_info().currsize == store.MOST_CLIENTS
    assert store._index(server.address, server.key) is not first
    assert first.describe_index_stats().total_vector_count == 0


def test_keys_do_not_mix_in_the_pool_that_they_share(server: PineconeServer) -> None:
    from pinecone.errors import exceptions as failures

    def asked(number: int) -> bool:
        mine = number % 2 == 0
        index = store._index(server.address, server.key if mine else "another")
        try:
            index.describe_index_stats()
        except failures.UnauthorizedError:
            return not mine
        return mine

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(asked, range(40)))
    assert len({id(store._way_out()) for _ in range(3)}) == 1
