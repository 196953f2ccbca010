"""Documents over the API: multipart in, progress, the file and its chunks out."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.tasks import ingest_documents

GUIDE = b"# Guide\n\n" + b"Use the package manager of your system. " * 60


@pytest.fixture
def api(visit, settings, tmp_path):
    """Return ``api(method, path, body, role=, slug=)``: the answer of a tenant's API."""
    settings.MEDIA_ROOT = tmp_path

    def ask(method, path, body=None, role="editor", slug="acme", **extra):
        return getattr(visit(slug, role), method)(f"/api/v1/{path}", **({"data": body} if body else {}), **extra)

    return ask


@pytest.fixture
def base(api):
    """Return the id of an empty knowledge base."""
    return api("post", "knowledge-bases", {"name": "Docs"}, content_type="application/json").json()["id"]


def upload(api, base, content=GUIDE, name="guide.md", **extra):
    return api("post", "documents", {"knowledge_base": base, "file": SimpleUploadedFile(name, content)}, **extra)


def ingest(tenant, document):
    """Run the Celery task as its worker does, with the tenant in the message's header."""
    headers = {"nexod_tenant": tenant.schema_name}
    ingest_documents.apply(kwargs={"lane": document["id"]}, headers=headers, throw=True)


def test_a_document_is_uploaded_read_and_shown(api, base, acme):
    made = upload(api, base)
    assert made.status_code == 201, made.content
    assert (made.json()["status"], made.json()["progress"], made.json()["bytes"]) == ("pending", 0, len(GUIDE))
    ingest(acme, made.json())
    shown = api("get", f"documents/{made.json()['id']}", role="viewer").json()
    assert (shown["status"], shown["progress"], shown["title"], shown["error"]) == ("ready", 100, "Guide", None)
    counted = api("get", f"knowledge-bases/{base}").json()
    assert (counted["documents"], counted["documents_ready"]) == (1, 1)


def test_the_same_content_answers_with_what_is_there(api, base):
    first, second = upload(api, base), upload(api, base, name="again.md")
    assert (second.status_code, second.json()["id"], second.json()["name"]) == (200, first.json()["id"], "guide.md")


def test_an_upload_with_the_same_key_acts_once(api, base):
    first, second = (upload(api, base, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"


def test_the_file_comes_back_as_an_attachment_that_cannot_act(api, base):
    page = b"<html><script>steal()</script><p>text"
    made = upload(api, base, page, 'my "page".html').json()
    answer = api("get", f"documents/{made['id']}/file", role="viewer")
    assert answer.content == page
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_chunks_are_paged_in_the_order_of_the_text(api, base, acme):
    made = upload(api, base).json()
    ingest(acme, made)
    path = f"documents/{made['id']}/chunks"
    every = api("get", path).json()["results"]
    assert [chunk["ordinal"] for chunk in every] == list(range(len(every)))
    assert all(GUIDE.decode()[chunk["start"] : chunk["end"]] == chunk["text"] for chunk in every)
    first = api("get", f"{path}?limit=2").json()
    second = api("get", first["next"].split("/api/v1/")[1]).json()
    assert first["results"] + second["results"] == every[:4]


@pytest.mark.parametrize(
    ("content", "name", "status", "code"),
    [
        (b"x" * 6000, "a.md", 413, "too_large"),
        (b"", "a.md", 400, "document_empty"),
        (b"PK\x03\x04", "a.odt", 415, "document_type_unsupported"),
        (b"no pdf", "a.pdf", 400, "document_unreadable"),
    ],
)
def test_refusals_name_the_reason(api, base, settings, content, name, status, code):
    settings.NEXOD_MAX_DOCUMENT_BYTES = 5000
    answer = upload(api, base, content, name)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_upload_needs_a_file_and_a_place(api, base):
    for body, field in (
        ({"knowledge_base": base}, "file"),
        ({"file": SimpleUploadedFile("a.md", b"x")}, "knowledge_base"),
    ):
        answer = api("post", "documents", body)
        assert answer.status_code == 400
        assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


def test_a_json_body_is_no_upload(api, base):
    answer = api("post", "documents", {"knowledge_base": base}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_document_that_failed_is_tried_again(api, base, acme):
    made = upload(api, base, b"%PDF-1.4 damaged", "a.pdf").json()
    ingest(acme, made)
    failed = api("get", f"documents/{made['id']}").json()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "document_unreadable")
    assert api("post", f"documents/{made['id']}/retry").json()["status"] == "pending"
    again = api("post", f"documents/{made['id']}/retry")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "document_in_work")


def test_documents_are_filtered_and_listed_at_a_fixed_cost(api, base):
    other = api("post", "knowledge-bases", {"name": "Other"}, content_type="application/json").json()["id"]
    for number in range(4):
        upload(api, base, f"text {number}".encode(), f"{number}.txt")
    upload(api, other)
    with CaptureQueriesContext(connection) as captured:
        found = api("get", f"documents?knowledge_base={base}&status=pending").json()["results"]
    assert [document["name"] for document in found] == ["3.txt", "2.txt", "1.txt", "0.txt"]
    assert len([query for query in captured if 'FROM "agents_document"' in query["sql"]]) == 1


def test_the_other_organisation_finds_nothing(api, base, acme):
    made = upload(api, base).json()
    ingest(acme, made)
    assert api("get", "documents", slug="globex").json()["results"] == []
    for method, path in (("get", ""), ("get", "/file"), ("get", "/chunks"), ("post", "/retry"), ("delete", "")):
        assert api(method, f"documents/{made['id']}{path}", slug="globex", role="owner").status_code == 404
    assert upload(api, base, slug="globex", role="owner").status_code == 400


def test_roles_decide(api, base):
    made = upload(api, base).json()
    assert upload(api, base, role="viewer").status_code == 403
    assert api("post", f"documents/{made['id']}/retry", role="viewer").status_code == 403
    assert api("delete", f"documents/{made['id']}", role="viewer").status_code == 403
    assert api("get", f"documents/{made['id']}/file", role=None).status_code == 401
    assert api("delete", f"documents/{made['id']}").status_code == 204
    assert api("get", f"documents/{made['id']}").status_code == 404
