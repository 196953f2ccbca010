"""Vector stores and other vectors over the API and in the admin: keys go in and never come out; who may not, does not."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from agents.actions.knowledge import create_knowledge_base
from agents.models import StoreConnection, VectorSpace
from tenants.context import enter_tenant
from tests.shelf import add

STORE = {"name": "Our index", "address": "https://docs-1.svc.pinecone.io", "api_key": "pc-secret-key"}
KINDS = {"content_type": "application/json"}


def post(visit, role, path, body, slug="acme"):
    return visit(slug, role).post(f"/api/v1/{path}", body, **KINDS)


@pytest.fixture
def base(in_acme, person):
    base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
    add(base, "Tea", "Tea is made of leaves.")
    return base


def test_a_key_is_stored_encrypted_and_never_shown(visit, in_acme):
    made = post(visit, "owner", "vector-stores", STORE)
    assert (made.status_code, made.json()["has_key"]) == (201, True)
    shown = visit("acme", "owner").get(f"/api/v1/vector-stores/{made.json()['id']}")
    page = visit("acme", "owner").get(f"/admin/agents/storeconnection/{made.json()['id']}/change/")
    assert (shown.status_code, page.status_code) == (200, 200)
    for answer in (made, shown, page):
        assert "pc-secret-key" not in answer.content.decode()
    assert "pc-secret-key" not in StoreConnection.objects.get().encrypted_key


def test_a_stored_key_goes_to_its_own_address_only(visit, in_acme):
    path = f"vector-stores/{post(visit, 'owner', 'vector-stores', STORE).json()['id']}"
    moved = visit("acme", "owner").patch(f"/api/v1/{path}", {"address": "https://elsewhere.example"}, **KINDS)
    assert (moved.status_code, "api_key" in moved.content.decode()) == (400, True)
    again = {"address": "https://elsewhere.example", "api_key": "another"}
    assert visit("acme", "owner").patch(f"/api/v1/{path}", again, **KINDS).status_code == 200


@pytest.mark.parametrize(("role", "status"), [("admin", 201), ("editor", 403), ("viewer", 403), (None, 401)])
def test_owners_and_admins_connect_stores(visit, in_acme, role, status):
    assert post(visit, role, "vector-stores", STORE).status_code == status


def test_a_store_in_use_stays(visit, base):
    made = post(visit, "owner", "vector-stores", STORE).json()
    space = VectorSpace.objects.get(knowledge_base=base)
    VectorSpace.objects.filter(pk=space.pk).update(connection=made["id"])
    assert visit("acme", "owner").delete(f"/api/v1/vector-stores/{made['id']}").status_code == 409
    VectorSpace.objects.filter(pk=space.pk).update(connection=None)
    assert visit("acme", "owner").delete(f"/api/v1/vector-stores/{made['id']}").status_code == 204


def test_other_vectors_are_begun_watched_and_given_up(visit, base):
    path = f"knowledge-bases/{base.pk}/vectors"
    begun = post(visit, "editor", path, {"half": True})
    assert (begun.status_code, begun.json()["state"]) == (202, "building")
    assert post(visit, "editor", path, {}).json()["error"]["code"] == "vector_space_building"
    rows = visit("acme", "viewer").get(f"/api/v1/{path}").json()["results"]
    assert {(row["state"], row["half"]) for row in rows} == {("serving", False), ("building", True)}
    assert visit("acme", "viewer").delete(f"/api/v1/{path}").status_code == 403
    assert visit("acme", "editor").delete(f"/api/v1/{path}").status_code == 204
    assert not base.spaces.filter(state="building").exists()


def test_another_organisation_has_no_part_in_it(visit, base):
    for method in ("get", "post", "delete"):
        answer = getattr(visit("globex", "owner"), method)(f"/api/v1/knowledge-bases/{base.pk}/vectors", **KINDS)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "retrieval", [{"neighbours": 9}, {"variety": "much"}, {"reorder": True}, {"rerank": {"model": 1}}]
)
def test_settings_of_searches_without_sense_are_refused(visit, base, retrieval):
    answer = visit("acme", "editor").patch(f"/api/v1/knowledge-bases/{base.pk}", {"retrieval": retrieval}, **KINDS)
    assert answer.status_code == 400


def test_a_search_says_why(visit, base):
    told = post(visit, "viewer", f"knowledge-bases/{base.pk}/search?explain=1", {"query": "leaves"}).json()
    [found] = told["results"]
    assert (found["why"]["lexical"]["rank"], found["why"]["dense"]["rank"], found["why"]["fused"]) == (1, 1, 1)
    assert found["why"]["words"] == ["leav"]
    assert {"word": "leav", "is_asked": True, "chunks": 1}.items() <= told["words"][0].items()


def test_the_command_moves_vectors_and_says_how_far_it_is(base, globex, capsys):
    call_command("move_vectors", tenant="acme", knowledge_base="docs", half=True)
    assert "The new vectors serve." in capsys.readouterr().out
    assert VectorSpace.objects.get(knowledge_base=base, state="serving").half
    with enter_tenant(globex):
        assert not VectorSpace.objects.exists()
    with pytest.raises(CommandError, match="no knowledge base"):
        call_command("move_vectors", tenant="globex", knowledge_base="docs", half=True)
    with pytest.raises(CommandError, match="no vector store"):
        call_command("move_vectors", tenant="acme", knowledge_base="docs", connection="nowhere")
