"""What every vector store has to do: the same tests for each, in two organisations."""

from __future__ import annotations

import time

import numpy
import pytest

from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.errors import StoreRefused, StoreUnavailable
from agents.knowledge.readers import NOBODY, Within, reader_of
from agents.knowledge.stores import STORES, vector_store
from agents.knowledge.stores.base import Entry
from agents.models import Chunk, Document, StoreConnection, VectorSpace
from nexod.kernel.secrets import encrypt
from tenants.context import enter_tenant
from tests.pinecone_server import PineconeServer

SIZE = 256


@pytest.fixture(params=STORES)
def store(request, in_acme, pinecone):
    return vector_store(request.param)


@pytest.fixture
def pinecone(settings):
    with PineconeServer() as server:
        settings.NEXOD_EGRESS_ALLOW = [server.address.removeprefix("http://")]
        yield server


@pytest.fixture
def space(store, acme, person, pinecone):
    return make_space(store, acme, person("acme", "editor"), pinecone)


def make_space(store, tenant, actor, server, *, half=False, name="Docs"):
    base = create_knowledge_base(actor=actor, name=name)
    connection = None
    if store.is_outside:
        key = encrypt(server.key, bound_to=tenant.schema_name)
        connection, _ = StoreConnection.objects.get_or_create(
            slug="pc", defaults={"name": "PC", "address": server.address, "encrypted_key": key}
        )
    return VectorSpace.objects.create(
        knowledge_base=base, model="wordllama-256", dimensions=SIZE, store=store.name, connection=connection,
        state="serving", half=half,
    )  # fmt: skip


def entries(space, number, *, document=None, seed=1):
    """Return vectors for new chunks of the space's knowledge base."""
    base = space.knowledge_base
    document = document or Document.objects.create(
        knowledge_base=base, name=f"{seed}.txt", content_hash=f"{seed}{base.pk}"[:64], status="ready"
    )
    start = document.chunks.count()
    chunks = Chunk.objects.bulk_create(
        Chunk(document=document, knowledge_base=base, ordinal=start + at, start=0, end=1, text="x")
        for at in range(number)
    )
    vectors = numpy.random.default_rng(seed).normal(size=(number, SIZE))
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return [Entry(chunk.pk, document.pk, vector) for chunk, vector in zip(chunks, vectors, strict=True)]


def eventually(ask, expected):
    """Ask until it is so: a store outside shows what was written some time after."""
    until = time.monotonic() + 3
    while (found := ask()) != expected and time.monotonic() < until:
        time.sleep(0.03)
    assert found == expected


def ids(hits):
    return [hit.chunk_id for hit in hits]


def test_the_nearest_come_first_with_their_similarity(store, space):
    put = entries(space, 30)
    store.put(space, put)
    eventually(lambda: store.count(space), 30)
    asked = numpy.array(put[7].vector)
    exact = sorted(put, key=lambda entry: -float(asked @ numpy.array(entry.vector)))[:5]
    found = store.nearest(space, asked, 5)
    assert ids(found) == [entry.chunk_id for entry in exact]
    assert found[0].similarity == pytest.approx(1, abs=1e-4)
    assert [hit.similarity for hit in found] == sorted((hit.similarity for hit in found), reverse=True)


def test_what_is_put_again_is_replaced(store, space):
    (entry,) = put = entries(space, 1)
    store.put(space, put)
    store.put(space, put)
    turned = -numpy.array(entry.vector)
    store.put(space, [Entry(entry.chunk_id, entry.document_id, turned)])
    eventually(lambda: [round(hit.similarity, 3) for hit in store.nearest(space, turned, 9)], [1.0])
    eventually(lambda: store.count(space), 1)


def test_what_is_dropped_is_gone_and_may_be_dropped_again(store, space):
    put = entries(space, 3)
    store.put(space, put)
    eventually(lambda: store.count(space), 3)
    for _ in range(2):
        store.drop(space, [put[0].chunk_id, 987_654_321])
    eventually(lambda: put[0].chunk_id in ids(store.nearest(space, put[0].vector, 9)), False)
    assert set(store.fetch(space, [entry.chunk_id for entry in put])) == {put[1].chunk_id, put[2].chunk_id}


def test_vectors_come_back_as_they_were(store, space):
    put = entries(space, 4)
    store.put(space, put)
    found = store.fetch(space, [put[0].chunk_id, put[3].chunk_id, 987_654_321])
    assert set(found) == {put[0].chunk_id, put[3].chunk_id}
    assert found[put[3].chunk_id] == pytest.approx(put[3].vector, abs=1e-6)


def test_more_than_fits_into_one_request(store, space):
    put = entries(space, 1_150)
    store.put(space, put)
    eventually(lambda: store.count(space), 1_150)
    store.drop(space, [entry.chunk_id for entry in put[5:]])
    eventually(lambda: store.count(space), 5)


def test_a_cleared_space_is_empty_and_may_be_cleared_again(store, space):
    put = entries(space, 3)
    store.put(space, put)
    eventually(lambda: store.count(space), 3)
    for _ in range(2):
        store.clear(space)
    eventually(lambda: store.nearest(space, put[0].vector, 9), [])


def test_an_empty_space_finds_nothing(store, space):
    assert store.nearest(space, [1.0] * SIZE, 5) == []
    assert store.fetch(space, [1, 2]) == {}
    store.drop(space, [1])
    store.clear(space)


def test_spaces_do_not_mix(store, space, acme, person, pinecone):
    other = make_space(store, acme, person("acme", "editor"), pinecone, name="Other")
    mine, theirs = entries(space, 3), entries(other, 3, seed=2)
    store.put(space, mine)
    store.put(other, theirs)
    eventually(lambda: (store.count(space), store.count(other)), (3, 3))
    assert set(ids(store.nearest(space, theirs[0].vector, 9))) == {entry.chunk_id for entry in mine}
    store.clear(other)
    assert store.fetch(other, [theirs[0].chunk_id]) == {}
    eventually(lambda: store.count(space), 3)


def test_the_other_organisation_finds_nothing(store, space, globex, person, pinecone):
    mine = entries(space, 3)
    store.put(space, mine)
    eventually(lambda: store.count(space), 3)
    with enter_tenant(globex):
        theirs = make_space(store, globex, person("globex", "editor"), pinecone)
        assert store.nearest(theirs, mine[0].vector, 9) == []
        assert store.fetch(theirs, [mine[0].chunk_id]) == {}
        if store.is_outside:  # the very same row, copied: its namespace carries the tenant
            connection = theirs.connection
            copied = VectorSpace(
                pk=space.pk, knowledge_base_id=space.knowledge_base_id, dimensions=SIZE, connection=connection
            )
            assert store.nearest(copied, mine[0].vector, 9) == []


def test_only_documents_that_are_wanted_answer(store, space, person):
    base = space.knowledge_base
    closed = Document.objects.create(
        knowledge_base=base, name="c", content_hash="c", status="ready", visibility="restricted"
    )
    opened = Document.objects.create(
        knowledge_base=base, name="o", content_hash="o", status="ready", metadata={"year": 2020}
    )
    secret, public = entries(space, 3, document=closed), entries(space, 3, document=opened, seed=2)
    store.put(space, [*secret, *public])
    eventually(lambda: store.count(space), 6)

    def found(**which):
        return set(ids(store.nearest(space, secret[0].vector, 9, within=Within(base.pk, **which))))

    everybodys = {entry.chunk_id for entry in public}
    assert found(reader=NOBODY) == everybodys
    assert found(reader=NOBODY, metadata={"year": 2020}) == everybodys
    assert found(reader=NOBODY, metadata={"year": 1999}) == set()
    assert found(reader=reader_of(person("acme", "viewer"))) == everybodys
    closed.readers.add(person("acme", "viewer"))
    assert len(found(reader=reader_of(person("acme", "viewer")))) == 6


def test_half_numbers_find_the_same(store, acme, person, pinecone):
    space = make_space(store, acme, person("acme", "editor"), pinecone, half=True)
    put = entries(space, 40)
    store.put(space, put)
    eventually(lambda: store.count(space), 40)
    asked = numpy.array(put[3].vector)
    exact = sorted(put, key=lambda entry: -float(asked @ numpy.array(entry.vector)))[:3]
    assert ids(store.nearest(space, asked, 3)) == [entry.chunk_id for entry in exact]


@pytest.fixture
def outside(in_acme, acme, person, pinecone):
    store = vector_store("pinecone")
    return store, make_space(store, acme, person("acme", "editor"), pinecone)


def test_pinecone_is_asked_again_when_it_is_busy(outside, pinecone):
    store, space = outside
    pinecone.busy = 1
    store.put(space, entries(space, 1))
    assert len(pinecone.requests) == 2


def test_a_pinecone_that_stays_busy_is_unavailable(outside, pinecone, monkeypatch):
    monkeypatch.setattr("pinecone._internal.http_client._retry_sleep", lambda seconds: None)
    store, space = outside
    pinecone.busy = 100
    with pytest.raises(StoreUnavailable, match="too many requests"):
        store.put(space, entries(space, 1))


def test_what_pinecone_refuses_is_told(outside, pinecone):
    store, space = outside
    pinecone.key = "another"
    with pytest.raises(StoreRefused):
        store.put(space, entries(space, 1))


def test_keys_are_of_one_organisation(outside, globex, pinecone):
    store, space = outside
    with enter_tenant(globex), pytest.raises(Exception, match="decrypted"):
        store.count(space)


def test_large_vectors_go_in_requests_that_are_small_enough(in_acme, acme, person, settings):
    store = vector_store("pinecone")
    with PineconeServer(dimension=3_072) as server:
        settings.NEXOD_EGRESS_ALLOW = [server.address.removeprefix("http://")]
        space = make_space(store, acme, person("acme", "editor"), server)
        space.dimensions = 3_072
        few = entries(space, 60)
        store.put(space, [Entry(entry.chunk_id, entry.document_id, [0.123456789] * 3_072) for entry in few])
        assert len([1 for path, _ in server.requests if path == "/vectors/upsert"]) > 1
