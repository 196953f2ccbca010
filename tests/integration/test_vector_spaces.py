"""A knowledge base gets other vectors, of another model or in another store, while it goes on answering."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.actions import space_work as work
from agents.actions.documents import delete_document
from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base
from agents.actions.spaces import AlreadyBuilding, build_space, stop_building
from agents.knowledge import spaces
from agents.knowledge.embedding import EMBEDDERS, WordLlamaEmbedder
from agents.knowledge.progress import progress_of
from agents.knowledge.retrieve import retrieve
from agents.knowledge.stores.pinecone import namespace
from agents.models import ChunkVector, Document, StoreConnection, VectorChange, VectorSpace
from nexod.kernel.errors import PermissionDenied
from nexod.kernel.secrets import encrypt
from tenants.context import enter_tenant
from tests.pinecone_server import PineconeServer
from tests.shelf import add


class Mirrored(WordLlamaEmbedder):
    """Another model, of half the size: what the first says, cut short."""

    name, dimensions = "mirrored-128", 128

    def embed(self, texts):
        import numpy

        vectors = -super().embed(texts)[:, :128]
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def other_model(monkeypatch):
    monkeypatch.setitem(EMBEDDERS, Mirrored.name, Mirrored())
    return Mirrored.name


@pytest.fixture
def editor(person):
    return person("acme", "editor")


@pytest.fixture
def base(in_acme, editor):
    base = create_knowledge_base(actor=editor, name="Docs")
    for number in range(6):
        add(
            base,
            f"Paper {number}",
            f"Paper {number} is about {('lions', 'tea', 'wings', 'ships', 'bread', 'music')[number]}.",
        )
    return base


@pytest.fixture
def server(settings):
    with PineconeServer(lag_s=0) as server:
        settings.NEXOD_EGRESS_ALLOW = [server.address.removeprefix("http://")]
        yield server


@pytest.fixture
def pinecone(in_acme, acme, server):
    key = encrypt(server.key, bound_to=acme.schema_name)
    return StoreConnection.objects.create(slug="pc", name="PC", address=server.address, encrypted_key=key)


def finish(space):
    """Work on the space as messages would, until it serves or is gone."""
    for _ in range(50):
        work.work_on(space=space.pk)
        found = VectorSpace.objects.filter(pk=space.pk).first()
        if found is None or found.state == "serving":
            return
    raise AssertionError(found.error)


def best(query):
    return retrieve("docs", query, limit=1)[0].document_title


def held(server):
    return sorted(len(vectors) for vectors in server.spaces.values() if vectors)


def test_another_model_takes_over_when_it_is_whole(base, editor, other_model):
    former = spaces.serving(base)
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    assert (spaces.serving(base), best("lions")) == (former, "Paper 0")
    finish(space)
    base.refresh_from_db()
    assert (spaces.serving(base), base.embedding_model) == (space, other_model)
    assert ChunkVector.objects.filter(space=space).count() == 6
    assert best("lions") == "Paper 0"
    work.work_on(space=former.pk)
    assert not ChunkVector.objects.filter(space_id=former.pk).exists()
    assert not VectorSpace.objects.filter(pk=former.pk).exists()


def test_it_goes_on_where_it_was_left(base, editor, other_model, monkeypatch):
    monkeypatch.setattr(work, "BATCH", 2)
    monkeypatch.setattr(work, "TURN_S", 0)
    asked: list[int] = []
    embed = Mirrored.embed
    monkeypatch.setattr(Mirrored, "embed", lambda self, texts: asked.append(len(texts)) or embed(self, texts))
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert (space.state, space.done, space.total) == ("building", 2, 6)
    finish(space)
    assert asked == [2, 2, 2]


def test_what_comes_and_goes_meanwhile_is_in_both(base, editor, other_model, monkeypatch):
    monkeypatch.setattr(work, "BATCH", 2)
    monkeypatch.setattr(work, "TURN_S", 0)
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    work.work_on(space=space.pk)
    add(base, "New", "Nightingales sing at night.")
    delete_document(actor=editor, document=base.documents.get(title="Paper 5"))
    assert best("nightingales") == "New"
    finish(space)
    assert ChunkVector.objects.filter(space=space).count() == base.chunks.count() == 6
    assert best("nightingales") == "New"
    assert "Paper 5" not in {one.document_title for one in retrieve("docs", "music", limit=9)}


def test_one_is_built_at_a_time_and_may_be_stopped(base, editor, other_model):
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    with pytest.raises(AlreadyBuilding):
        build_space(actor=editor, knowledge_base=base, half=True)
    stop_building(actor=editor, knowledge_base=base)
    work.work_on(space=space.pk)
    assert [one.model for one in base.spaces.all()] == ["wordllama-256"]
    assert best("tea") == "Paper 1"


def test_a_worker_that_is_at_it_is_left_alone(base, editor, other_model):
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    VectorSpace.objects.filter(pk=space.pk).update(sending_until="2999-01-01T00:00Z")
    work.work_on(space=space.pk)
    space.refresh_from_db()
    assert space.done == 0


def test_vectors_move_to_pinecone_and_back(base, editor, pinecone, server):
    there = build_space(actor=editor, knowledge_base=base, store_connection=pinecone)
    finish(there)
    assert (spaces.serving(base).store, held(server)) == ("pinecone", [6])
    assert best("lions") == "Paper 0"
    document = add(base, "New", "Nightingales sing at night.")
    assert held(server) == [6]  # not before the commit
    work.work_on(space=there.pk)
    assert held(server) == [7]
    assert best("nightingales") == "New"
    delete_document(actor=editor, document=document)
    assert "New" not in {one.document_title for one in retrieve("docs", "nightingales", limit=9)}
    work.work_on(space=there.pk)
    assert held(server) == [6]
    back = build_space(actor=editor, knowledge_base=base, store="pgvector")
    finish(back)
    work.work_on(space=there.pk)
    assert (spaces.serving(base).store, held(server)) == ("pgvector", [])
    assert best("lions") == "Paper 0"


def test_a_store_that_is_away_is_told_later(base, editor, pinecone, server, monkeypatch):
    monkeypatch.setattr("pinecone._internal.http_client._retry_sleep", lambda seconds: None)
    there = build_space(actor=editor, knowledge_base=base, store_connection=pinecone)
    server.busy = 1_000
    work.work_on(space=there.pk)
    there.refresh_from_db()
    assert (there.state, there.error["code"]) == ("building", "vector_store_unavailable")
    assert best("lions") == "Paper 0"
    server.busy = 0
    finish(there)
    assert (held(server), VectorChange.objects.count()) == ([6], 0)


def test_searches_go_on_by_words_while_the_store_is_away(base, editor, pinecone, server, monkeypatch):
    monkeypatch.setattr("pinecone._internal.http_client._retry_sleep", lambda seconds: None)
    finish(build_space(actor=editor, knowledge_base=base, store_connection=pinecone))
    server.busy = 1_000
    assert best("lions") == "Paper 0"
    assert {one.document_title for one in retrieve("docs", "lions and tea", limit=2, variety=0.5)} == {
        "Paper 0",
        "Paper 1",
    }


def test_a_store_serves_when_searches_see_what_it_was_given(base, editor, pinecone, server):
    """Pinecone shows what was written some time later; until then the former vectors answer."""
    former, server.lag_s = spaces.serving(base), 3_600.0
    there = build_space(actor=editor, knowledge_base=base, store_connection=pinecone)
    for _ in range(3):
        work.work_on(space=there.pk)
    assert (held(server), VectorChange.objects.count()) == ([6], 0)
    assert (spaces.serving(base), best("lions")) == (former, "Paper 0")
    server.catch_up()
    finish(there)
    assert spaces.serving(base) == there
    assert best("lions") == "Paper 0"


def test_what_the_store_has_not_got_yet_is_found_among_varied_passages(base, editor, pinecone):
    there = build_space(actor=editor, knowledge_base=base, store_connection=pinecone)
    finish(there)
    add(base, "New", "Nightingales sing at night.")  # the store is told of it after this
    found = retrieve("docs", "nightingales and lions", limit=3, variety=0.5)
    assert {"New", "Paper 0"} <= {one.document_title for one in found}


def test_a_deleted_knowledge_base_leaves_nothing_at_the_store(
    base, person, pinecone, server, django_capture_on_commit_callbacks
):
    there = build_space(actor=person("acme", "owner"), knowledge_base=base, store_connection=pinecone)
    finish(there)
    key, base_id = there.connection_id, base.pk
    delete_knowledge_base(actor=person("acme", "owner"), knowledge_base=base)
    work.clear_namespace(connection=key, knowledge_base=base_id, space=there.pk)
    assert held(server) == []


def test_viewers_change_no_vectors_and_the_other_organisation_sees_none(base, person, globex, other_model):
    with pytest.raises(PermissionDenied):
        build_space(actor=person("acme", "viewer"), knowledge_base=base, model=other_model)
    with enter_tenant(globex):
        assert not VectorSpace.objects.exists()
        assert not ChunkVector.objects.exists()


def test_a_large_space_serves_only_with_its_index(base, editor, other_model, monkeypatch):
    monkeypatch.setattr("agents.knowledge.stores.indexing.FEW", 3)
    space = build_space(actor=editor, knowledge_base=base, model=other_model)
    work.work_on(space=space.pk)
    assert spaces.serving(base).model == "wordllama-256"
    VectorSpace.objects.filter(pk=space.pk).update(index="ready")
    work.work_on(space=space.pk)
    assert spaces.serving(base) == space


def test_two_spaces_of_a_knowledge_base_share_no_namespace(base):
    """What is built beside what serves would write into it."""
    assert namespace(VectorSpace(knowledge_base=base)) != namespace(VectorSpace(knowledge_base=base))


def test_what_is_left_is_told_at_the_speed_of_the_last_minutes(base):
    now, rows = timezone.now(), Document.objects.filter(knowledge_base=base).order_by("pk")
    for number, row in enumerate(rows[:3]):
        Document.objects.filter(pk=row.pk).update(status="ready", ingested_at=now - timedelta(seconds=10 * number))
    left = rows.values("pk")[3:6]
    assert Document.objects.filter(pk__in=[one["pk"] for one in left]).update(status="pending", ingested_at=None) == 3
    told = progress_of(rows.all())
    assert (told.documents_per_minute, told.seconds_left) == (6.0, 30)
