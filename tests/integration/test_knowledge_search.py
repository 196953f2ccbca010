"""Retrieval: what means the same, what says the same words, from this knowledge base and this tenant only."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.fusion import fused
from agents.knowledge.retrieve import retrieve
from agents.models import Chunk
from nexod.kernel.errors import NotFound
from tenants.context import enter_tenant
from tests.shelf import add

TEXTS = {
    "Passwords": "You can reset a forgotten password on the login page. A link is sent to your e-mail address.",
    "Invoices": "Invoices are sent every month. Payment is due within thirty days by bank transfer.",
    "Backups": "The database is copied every night. Restore a copy with the restore command, error E4711 means no space.",
    "Wings": "The boundary layer of a wing in a supersonic stream was measured in the wind tunnel.",
}


@pytest.fixture
def base(in_acme, person):
    """Return a knowledge base of acme with a few documents."""
    base = create_knowledge_base(actor=person("acme", "editor"), name="Docs")
    for title, text in TEXTS.items():
        add(base, title, text)
    return base


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("I cannot remember my login credentials", "Passwords"),
        ("when do I have to pay the bill", "Invoices"),
        ("E4711", "Backups"),
        ("aerodynamic experiments", "Wings"),
    ],
)
def test_meaning_and_words_find_the_passage(base, query, title):
    best, *_ = retrieve("docs", query, limit=3)
    assert (best.document_title, best.ref) == (title, "D1")


def test_a_passage_can_be_cited_exactly(base):
    passage = retrieve("docs", "invoices", limit=1)[0]
    assert TEXTS["Invoices"][passage.start : passage.end] == passage.text
    assert Chunk.objects.get(pk=passage.chunk_id).document_id == passage.document_id


def test_refs_follow_the_ranks_and_the_limit(base):
    passages = retrieve("docs", "the", limit=3)
    assert [passage.ref for passage in passages] == ["D1", "D2", "D3"]


def test_no_more_than_there_is(base):
    assert len(retrieve("docs", "password database wing invoice", limit=50)) == len(TEXTS)


@pytest.mark.parametrize("query", ["", "   ", "\n"])
def test_a_blank_question_finds_nothing(base, query):
    assert retrieve("docs", query) == []


@pytest.mark.parametrize(
    "query", ["'; DROP TABLE x; --", "a & | ! ( :*", "the of and", "🦆", "x" * 4000, "\\ \" '", "a\x00b \ud800"]
)
def test_strange_questions_are_only_questions(base, query):
    assert len(retrieve("docs", query, limit=2)) == 2


def test_an_unknown_knowledge_base_is_named(in_acme):
    with pytest.raises(NotFound, match="'nowhere'"):
        retrieve("nowhere", "anything")


def test_knowledge_bases_do_not_mix(base, person):
    other = create_knowledge_base(actor=person("acme", "editor"), name="Other")
    add(other, "Secret", "Reset a forgotten password on the login page.")
    assert {passage.document_title for passage in retrieve("other", "password", limit=9)} == {"Secret"}
    assert "Secret" not in {passage.document_title for passage in retrieve("docs", "password", limit=9)}


def test_the_other_organisation_finds_nothing(base, globex, person):
    with enter_tenant(globex):
        with pytest.raises(NotFound):
            retrieve("docs", "password")
        create_knowledge_base(actor=person("globex", "editor"), name="Docs")
        assert retrieve("docs", "password") == []


def test_near_ties_go_to_another_document(base):
    add(base, "Passwords again", TEXTS["Passwords"] + " " + "Ask the administrator for a new password. " * 40)
    found = [passage.document_title for passage in retrieve("docs", "forgotten password", limit=2)]
    assert sorted(found) == ["Passwords", "Passwords again"]


def test_a_text_is_given_once(base):
    add(base, "Copy", TEXTS["Invoices"])
    texts = [passage.text for passage in retrieve("docs", "invoices", limit=9)]
    assert len(texts) == len(set(texts))


def test_fusing_prefers_what_both_found():
    scores = fused([1, 2, 3], [4, 3])
    assert max(scores, key=lambda key: scores[key]) == 3
    assert scores[1] == scores[4] > scores[2]


def test_words_are_ranked_in_floating_point(base):
    """Numbers with a point are numeric where nothing else is said, and adding those takes most of a search's time."""
    with CaptureQueriesContext(connection) as seen:
        retrieve("docs", "wing measured in the wind tunnel", limit=3)
    ranking = [one["sql"] for one in seen if "sum(a.weight" in one["sql"]]
    assert len(ranking) == 2
    with connection.cursor() as cursor:
        for statement in ranking:
            cursor.execute(f"EXPLAIN VERBOSE {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "p.times" in plan
            assert "numeric" not in plan


def test_search_over_the_api(base, visit):
    path = f"/api/v1/knowledge-bases/{base.pk}/search"
    answer = visit("acme", "viewer").post(path, {"query": "pay the bill", "limit": 2}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    first, second = answer.json()["results"]
    assert (first["document_title"], first["ref"], second["ref"]) == ("Invoices", "D1", "D2")
    assert first["score"] >= second["score"]


@pytest.mark.parametrize("body", [{}, {"query": ""}, {"query": "x", "limit": 0}, {"query": "x", "limit": 51}])
def test_a_search_without_sense_is_refused(base, visit, body):
    path = f"/api/v1/knowledge-bases/{base.pk}/search"
    assert visit("acme", "viewer").post(path, body, content_type="application/json").status_code == 400


def test_search_is_closed_to_strangers_and_other_organisations(base, visit):
    path = f"/api/v1/knowledge-bases/{base.pk}/search"
    for slug, role, status in (("acme", None, 401), ("globex", "owner", 404)):
        answer = visit(slug, role).post(path, {"query": "x"}, content_type="application/json")
        assert answer.status_code == status
