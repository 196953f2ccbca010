"""Metadata is given with documents, changed on its own, and narrows searches; nobody else's, and never by who may only look."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from agents.actions.document_metadata import update_document
from agents.actions.documents import put_text
from agents.actions.ingestion import ingest_document
from agents.actions.knowledge import create_knowledge_base
from agents.knowledge.readers import NOBODY
from agents.knowledge.retrieve import search
from agents.models import Document
from tenants.context import enter_tenant
from tests.shelf import add


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def base(acme: Any, person: Any) -> Any:
    with enter_tenant(acme):
        return create_knowledge_base(actor=person("acme", "editor"), name="Docs")


def test_it_comes_with_a_file_a_text_and_a_page_and_narrows_searches(
    program: Any, visit: Any, base: Any, acme: Any
) -> None:
    editor, place = program("acme", "editor"), {"knowledge_base": str(base.pk)}
    file = {**place, "file": SimpleUploadedFile("a.md", b"# Tides\n\nThe moon pulls."), "metadata": '{"author": "Ada"}'}
    uploaded = visit("acme", "editor").post("/api/v1/documents", file)
    assert (uploaded.status_code, uploaded.json()["metadata"]) == (201, {"author": "Ada"}), uploaded.content
    given = {"title": "Ebb", "text": "The moon pulls, again.", "metadata": {"year": 2020, "tags": ["sea", "sky"]}}
    assert editor("post", "documents/texts", {**place, **given}).json()["metadata"] == given["metadata"]
    pages = {"addresses": ["https://a.test/x"], "metadata": {"author": "Ben"}}
    assert editor("post", "documents/addresses", {**place, **pages}).json()[0]["metadata"] == {"author": "Ben"}
    with enter_tenant(acme):
        for document in Document.objects.filter(origin__in=("upload", "text")):
            ingest_document(document_id=document.pk)
    for wanted, titles in (
        ({}, {"Tides", "Ebb"}), ({"author": "Ada"}, {"Tides"}), ({"author": "Eve"}, set()),
        ({"year": 2020}, {"Ebb"}), ({"year": "2020"}, {"Ebb"}), ({"tags": "sky"}, {"Ebb"}), ({"tags": "sk"}, set()),
        ({"tags": "sea", "author": "Ada"}, set()),
    ):  # fmt: skip
        asked = {"query": "the moon", "metadata": wanted}
        found = editor("post", f"knowledge-bases/{base.pk}/search", asked).json()["results"]
        assert {one["document_title"] for one in found} == titles, wanted


def test_it_is_changed_on_its_own_by_who_may_and_reads_nothing_anew(
    program: Any, base: Any, acme: Any, person: Any
) -> None:
    with enter_tenant(acme):
        document = add(base, "Tides", "The moon pulls.", metadata={"author": "Ada"})
        closed = add(base, "Plan", "A plan.", visibility="restricted")
    path = f"documents/{document.pk}"
    changed = program("acme", "editor")("patch", path, {"metadata": {"author": "Ben"}})
    assert (changed.status_code, changed.json()["metadata"], changed.json()["status"]) == (
        200,
        {"author": "Ben"},
        "ready",
    )
    assert program("acme", "viewer")("patch", path, {"metadata": {}}).status_code == 403
    assert program("acme", "editor")("patch", f"documents/{closed.pk}", {"metadata": {}}).status_code == 404
    assert program("globex", "owner")("patch", path, {"metadata": {}}).status_code == 404
    assert program("acme", "viewer").get(path)["metadata"] == {"author": "Ben"}
    with enter_tenant(acme):
        titles = [one.document_title for one in search(base, "moon", reader=NOBODY, metadata={"author": "Ben"})]
        assert titles == ["Tides"]


def test_new_content_at_an_address_keeps_it_unless_other_is_given(base: Any, acme: Any, person: Any) -> None:
    with enter_tenant(acme):
        given = {"actor": person("acme", "editor"), "knowledge_base": base, "title": "Tides", "address": "notes/1"}
        put_text(**given, text="One.", metadata={"author": "Ada"})
        assert put_text(**given, text="Two.")[0].metadata == {"author": "Ada"}
        assert put_text(**given, text="Two.", metadata={"author": "Ben"})[0].metadata == {"author": "Ben"}
        assert put_text(**given, text="Three.", metadata={"author": "Cyd"})[0].metadata == {"author": "Cyd"}
        assert Document.objects.get().metadata == {"author": "Cyd"}


@pytest.mark.parametrize(
    "wrong", [["x"], {"": "x"}, {"n" * 61: "x"}, {"n": "x" * 501}, {"n": {"deep": 1}}, {"n": None}, {"n": "\x01"},
              {"n": [1]}, {str(number): "x" for number in range(21)}],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_name(program: Any, base: Any, acme: Any, wrong: Any) -> None:
    editor = program("acme", "editor")
    body = {"knowledge_base": str(base.pk), "title": "T", "text": "Text.", "metadata": wrong}
    answer = editor("post", "documents/texts", body)
    assert (answer.status_code, "metadata" in json.dumps(answer.json()["error"])) == (400, True)
    assert editor.get("documents")["results"] == []


def test_the_admin_shows_and_changes_it(visit: Any, base: Any, acme: Any) -> None:
    with enter_tenant(acme):
        document = add(base, "Tides", "The moon pulls.", metadata={"year": 2020, "tags": ["sea", "sky"], "final": True})
    page = f"/admin/agents/document/{document.pk}/metadata/"
    editor = visit("acme", "editor")
    assert "tags: sea\ntags: sky\nyear: 2020\nfinal: true" in editor.get(page).content.decode()
    saved = editor.post(page, {"lines": "author: Ada: Countess\n\n tags : sea\ntags:<b>"}, follow=True)
    assert "tags: sea · tags: &lt;b&gt; · author: Ada: Countess" in saved.content.decode()
    with enter_tenant(acme):
        document.refresh_from_db()
        assert document.metadata == {"author": "Ada: Countess", "tags": ["sea", "<b>"]}
    assert "a line is a name" in editor.post(page, {"lines": "nothing"}).content.decode()
    assert visit("acme", "viewer").get(page).status_code == 403
    assert visit("globex", "owner").get(page).status_code == 404
    with enter_tenant(acme):
        Document.objects.update(visibility="restricted")
    assert editor.get(page).status_code == 404


def test_a_search_in_the_admin_is_narrowed_by_it(visit: Any, base: Any, acme: Any, globex: Any) -> None:
    with enter_tenant(acme):
        add(base, "Tides", "The moon pulls.", metadata={"author": "Ada", "year": 2020})
        add(base, "Ebb", "The moon pulls, again.", metadata={"author": "Ben"})

    def page(role: str, **asked: str) -> str:
        path = f"/admin/agents/knowledgebase/{base.pk}/search/"
        return visit("acme", role).get(path, {"q": "the moon", **asked}).content.decode()

    for lines, found in (
        ("", (True, True)),
        ("author: Ada", (True, False)),
        ("year: 2020\nauthor: Ben", (False, False)),
    ):
        shown = page("viewer", metadata=lines)
        assert ("The moon pulls.<" in shown, "The moon pulls, again.<" in shown) == found
    shown = page("viewer", metadata="<b>")
    assert "&lt;b&gt;: a line is a name, a colon and a text." in shown
    assert "The moon pulls" not in shown
    assert visit("globex", "owner").get(f"/admin/agents/knowledgebase/{base.pk}/search/?q=moon").status_code == 404


def test_a_folder_is_taken_in_with_it(base: Any, acme: Any, globex: Any, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.md").write_text("One.")

    def take(*metadata: str) -> Any:
        call_command(
            "ingest", str(folder), tenant="acme", knowledge_base="docs", metadata=list(metadata), stdout=StringIO()
        )
        with enter_tenant(acme):
            return Document.objects.get().metadata

    assert take("author=Ada", "note=a=b") == {"author": "Ada", "note": "a=b"}
    assert take() == {"author": "Ada", "note": "a=b"}
    assert take("author=Ben") == {"author": "Ben"}
    with pytest.raises(CommandError, match="a name, = and a text"):
        take("author")


def test_it_is_checked_where_it_is_written(base: Any, acme: Any, person: Any) -> None:
    from nexod.kernel.errors import InvalidInput, PermissionDenied

    with enter_tenant(acme):
        document = add(base, "Tides", "The moon pulls.")
        with pytest.raises(InvalidInput):
            update_document(actor=person("acme", "editor"), document=document, metadata={"n": {"deep": 1}})
        with pytest.raises(PermissionDenied):
            update_document(actor=person("acme", "viewer"), document=document, metadata={})
