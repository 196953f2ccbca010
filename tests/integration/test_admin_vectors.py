"""The pages of a knowledge base's vectors, of a document's readers, and the choices of a knowledge base's form."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from agents.actions import space_work
from agents.actions.knowledge import create_knowledge_base
from agents.models import Document, KnowledgeBase, ModelConnection, StoreConnection, VectorSpace
from tenants.context import enter_tenant
from tests.shelf import add


@pytest.fixture
def base(acme: Any, person: Any) -> KnowledgeBase:
    with enter_tenant(acme):
        base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
        add(base, "Canteen", "The canteen is open from noon.")
        add(base, "Merger", "The merger closes in May.", visibility="restricted")
        ModelConnection.objects.create(
            slug="emb", name="Embeddings", provider="openai", base_url="http://127.0.0.1:1/v1"
        )
        ModelConnection.objects.create(slug="claude", name="Claude", provider="anthropic")
        return base


def page(client: Any, base: KnowledgeBase, part: str = "vectors/") -> str:
    answer = client.get(f"/admin/agents/knowledgebase/{base.pk}/{part}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_page_shows_what_serves_and_takes_an_order_for_others(base: Any, acme: Any, visit: Any) -> None:
    client = visit("acme", "editor")
    shown = page(client, base)
    assert "wordllama-256" in shown
    assert "Serves" in shown
    assert "Embeddings" in shown
    assert "Claude" not in shown  # it cannot embed
    order = {"connection": "emb", "model": "text-embedding-3-small", "store": "", "half": "on"}
    answer = client.post(f"/admin/agents/knowledgebase/{base.pk}/vectors/", order, follow=True)
    assert b"the present ones serve until they are whole" in answer.content
    assert b"Being built" in answer.content
    assert "0 of 2 passages" in page(client, base, "vectors/list/")
    with enter_tenant(acme):
        built = VectorSpace.objects.get(state="building")
        assert (built.model, built.half, built.store) == ("emb/text-embedding-3-small", True, "pgvector")
    again = client.post(f"/admin/agents/knowledgebase/{base.pk}/vectors/", order)
    assert b"being given other vectors already" in again.content
    client.post(f"/admin/agents/knowledgebase/{base.pk}/vectors/stop/")
    with enter_tenant(acme):
        space_work.work_on(space=built.pk)
        assert not VectorSpace.objects.filter(state="building").exists()


def test_a_store_outside_is_chosen_by_name(base: Any, acme: Any, visit: Any) -> None:
    with enter_tenant(acme):
        store = StoreConnection.objects.create(slug="pc", name="Our index", address="https://pc.example")
    client = visit("acme", "editor")
    assert "Our index" in page(client, base)
    client.post(
        f"/admin/agents/knowledgebase/{base.pk}/vectors/", {"connection": "", "model": "", "store": str(store.pk)}
    )
    with enter_tenant(acme):
        built = VectorSpace.objects.get(state="building")
        assert (built.model, built.store, built.connection_id) == ("wordllama-256", "pinecone", store.pk)


@pytest.mark.parametrize(
    "order", [{"connection": "emb", "model": " "}, {"connection": "nowhere", "model": "m"}, {"store": "x"}]
)
def test_an_order_without_sense_is_refused_at_its_place(base: Any, acme: Any, visit: Any, order: Any) -> None:
    answer = visit("acme", "editor").post(f"/admin/agents/knowledgebase/{base.pk}/vectors/", order)
    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    with enter_tenant(acme):
        assert not VectorSpace.objects.filter(state="building").exists()


def test_viewers_look_and_order_nothing(base: Any, acme: Any, visit: Any) -> None:
    client = visit("acme", "viewer")
    assert "Build these" not in page(client, base)
    client.post(f"/admin/agents/knowledgebase/{base.pk}/vectors/", {"connection": "", "model": "", "half": "on"})
    client.post(f"/admin/agents/knowledgebase/{base.pk}/vectors/stop/")
    with enter_tenant(acme):
        assert VectorSpace.objects.count() == 1
    for part in ("vectors/", "vectors/list/"):
        assert visit("globex", "owner").get(f"/admin/agents/knowledgebase/{base.pk}/{part}").status_code == 404


def test_a_new_knowledge_base_chooses_its_model_and_how_it_searches(acme: Any, visit: Any, base: Any) -> None:
    given = {"name": "Library", "slug": "", "description": "", "connection": "emb", "model": "text-embedding-3-small",
             "retrieval-neighbours": "1", "retrieval-variety": "0.3"}  # fmt: skip
    answer = visit("acme", "editor").post("/admin/agents/knowledgebase/add/", given, follow=True)
    assert answer.status_code == 200
    with enter_tenant(acme):
        made = KnowledgeBase.objects.get(name="Library")
        assert made.embedding_model == "emb/text-embedding-3-small"
        assert (made.retrieval["neighbours"], made.retrieval["variety"]) == (1, 0.3)
        assert not {"rerank", "rewrite"} & set(made.retrieval)


def test_readers_are_chosen_on_a_page(base: Any, acme: Any, visit: Any, person: Any) -> None:
    with enter_tenant(acme):
        document, viewer = Document.objects.get(title="Canteen"), person("acme", "viewer")
        group = Group.objects.get(name="approver")
    client, path = visit("acme", "owner"), f"/admin/agents/document/{document.pk}/readers/"
    assert b"Everyone in the workspace" in client.get(path).content
    order = {"visibility": "restricted", "readers": [str(viewer.pk)], "reader_groups": [group.pk]}
    assert client.post(path, order, follow=True).status_code == 200
    with enter_tenant(acme):
        document.refresh_from_db()
        assert (document.visibility, list(document.readers.all()), list(document.reader_groups.all())) == (
            "restricted", [viewer], [group],
        )  # fmt: skip
    shown = client.get(f"/admin/agents/document/{document.pk}/change/").content.decode()
    assert f"Only approver, {viewer}" in shown


def test_who_may_not_read_a_document_does_not_even_see_its_title(base: Any, acme: Any, visit: Any) -> None:
    with enter_tenant(acme):
        secret = Document.objects.get(title="Merger")
    for role, sees in (("owner", True), ("editor", False), ("viewer", False)):
        client = visit("acme", role)
        for path in ("document/", f"knowledgebase/{base.pk}/change/", f"knowledgebase/{base.pk}/documents/"):
            assert (b"Merger" in client.get(f"/admin/agents/{path}").content) is sees, (role, path)
        for part in ("change/", "text/"):
            found = client.get(f"/admin/agents/document/{secret.pk}/{part}").status_code
            assert found == (200 if sees else 404), (role, part)
    assert visit("acme", "editor").get(f"/admin/agents/document/{secret.pk}/readers/").status_code == 404
    assert visit("acme", "viewer").get(f"/admin/agents/document/{secret.pk}/readers/").status_code == 403
    assert visit("globex", "owner").get(f"/admin/agents/document/{secret.pk}/readers/").status_code == 404
