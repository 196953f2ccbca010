"""Filling a knowledge base over the API and by command: texts, pages, sitemaps, folders, progress, retries; two tenants."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from agents.models import Document, KnowledgeBase, Sitemap
from agents.tasks import ingest_documents
from tenants.context import enter_platform, enter_tenant
from tenants.models import Plan
from tests.office import slides, word, workbook
from tests.site import open_site


@pytest.fixture
def api(visit, settings, tmp_path):
    """Return ``api(method, path, body, role=, slug=)``: the answer of a tenant's API."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def ask(method, path, body=None, role="editor", slug="acme", **extra):
        if body is not None and method != "get" and "format" not in extra:
            extra["content_type"] = "application/json"
            body = json.dumps(body)
        extra.pop("format", None)
        return getattr(visit(slug, role), method)(f"/api/v1/{path}", **({"data": body} if body else {}), **extra)

    return ask


@pytest.fixture
def base(api):
    """Return the id of an empty knowledge base of acme."""
    return api("post", "knowledge-bases", {"name": "Docs"}).json()["id"]


def work(tenant, lane="00000000-0000-0000-0000-000000000001", turns=3):
    for _ in range(turns):
        ingest_documents.apply(kwargs={"lane": lane}, headers={"nexod_tenant": tenant.schema_name}, throw=True)


@pytest.fixture
def site(settings):
    with open_site() as site:
        settings.NEXOD_EGRESS_ALLOW = [site.allowed]
        yield site


def test_a_text_is_added_replaced_and_read_by_its_characters(api, base, acme):
    text = {"knowledge_base": base, "title": "Tides", "text": "The moon 🌙 pulls. مد وجزر", "address": "notes/1"}
    made = api("post", "documents/texts", text)
    assert (made.status_code, made.json()["origin"], made.json()["address"]) == (201, "text", "notes/1")
    work(acme, turns=1)
    path = f"documents/{made.json()['id']}"
    assert api("get", f"{path}/text").json() == {"start": 0, "length": 25, "text": text["text"]}
    assert api("get", f"{path}/text?start=9&end=10").json()["text"] == "🌙"
    again = api("post", "documents/texts", {**text, "text": "Another text."})
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, made.json()["id"], "pending")
    assert api("post", "documents/texts", text, role="viewer").status_code == 403
    assert api("get", f"{path}/text", slug="globex", role="owner").status_code == 404
    for wrong in ("start=x", "start=-1", "end=99999999999"):
        assert api("get", f"{path}/text?{wrong}").status_code == 400


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.docx", word("In a document."), "In a document."),
        ("a.pptx", slides(("A title", "On a slide.", "")), "On a slide."),
        ("a.xlsx", workbook({"Sheet": [["Name"], ["In a cell"]]}), "In a cell"),
        ("a.csv", b"name\nin a row\n", "in a row"),
        ("a.eml", b"From: a@b.c\nSubject: x\n\nIn a mail.\n", "In a mail."),
    ],
)
def test_every_format_is_uploaded_and_read(api, base, acme, name, content, says):
    body = {"knowledge_base": base, "file": SimpleUploadedFile(name, content)}
    made = api("post", "documents", body, format="multipart")
    assert made.status_code == 201, made.content
    work(acme, turns=1)
    row = api("get", f"documents/{made.json()['id']}").json()
    assert (row["status"], row["error"]) == ("ready", None)
    assert says in api("get", f"documents/{row['id']}/text").json()["text"]


def test_pages_and_sitemaps_are_added_watched_and_asked_again(api, base, acme, site):
    pages = [site.page(f"/{n}", f"<title>{n}</title><p>Page {n} of the site.", ETag=f'"{n}"') for n in range(4)]
    added = api(
        "post",
        "documents/addresses",
        {"knowledge_base": base, "addresses": [pages[0], pages[0], "https://x.test:1/#a"]},
    )
    assert added.status_code == 202
    assert [row["address"] for row in added.json()] == [pages[0], "https://x.test:1/"]
    made = api("post", "sitemaps", {"knowledge_base": base, "address": site.sitemap("/s.xml", *pages)})
    assert (made.status_code, made.json()["status"]) == (201, "pending")
    api("delete", f"documents/{added.json()[1]['id']}")
    work(acme)
    path = f"sitemaps/{made.json()['id']}"
    assert (api("get", path).json()["found"], api("get", path).json()["status"]) == (4, "ready")
    shown = api("get", f"{path}/progress", role="viewer").json()
    assert (shown["documents"], shown["ready"], shown["failed"], shown["seconds_left"]) == (3, 3, 0, None)
    whole = api("get", f"knowledge-bases/{base}/progress").json()
    assert (whole["documents"], whole["ready"], whole["bytes"] == whole["bytes_done"] > 0) == (4, 4, True)
    assert api("post", f"documents/{added.json()[0]['id']}/refresh").json()["status"] == "pending"
    assert api("post", f"documents/{added.json()[0]['id']}/refresh").status_code == 409
    assert api("post", f"{path}/refresh").status_code == 202
    for who in ("get", "delete"):
        assert api(who, path, slug="globex", role="owner").status_code == 404
    assert api("get", f"knowledge-bases/{base}/progress", slug="globex", role="owner").status_code == 404
    assert api("delete", path).status_code == 204
    assert api("get", f"documents?knowledge_base={base}").json()["results"][0]["id"] == added.json()[0]["id"]


def test_pages_of_a_restricted_sitemap_are_closed_from_the_first_moment_and_later_ones_too(api, base, acme, site):
    pages = [site.page(f"/{n}", f"<title>{n}</title><p>Page {n} of the site.") for n in range(3)]
    body = {
        "knowledge_base": base,
        "address": site.sitemap("/s.xml", *pages[:2]),
        "metadata": {"author": "Ada"},
        "visibility": "restricted",
    }
    made = api("post", "sitemaps", body)
    assert (made.status_code, made.json()["visibility"]) == (201, "restricted")
    work(acme)
    found = api("get", f"documents?knowledge_base={base}").json()["results"]
    assert [(row["status"], row["metadata"], row["visibility"]) for row in found] == [
        ("ready", {"author": "Ada"}, "restricted")
    ] * 2
    assert api("get", f"documents?knowledge_base={base}", role="viewer").json()["results"] == []
    site.sitemap("/s.xml", *pages)
    assert api("post", f"sitemaps/{made.json()['id']}/refresh").status_code == 202
    work(acme)
    assert len(api("get", f"documents?knowledge_base={base}").json()["results"]) == 3
    assert api("get", f"documents?knowledge_base={base}", role="viewer").json()["results"] == []
    assert api("post", "sitemaps", body).json()["id"] == made.json()["id"]
    answer = api("post", "sitemaps", {**body, "metadata": {"author": "Bob"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "sitemap_differs")
    assert api("post", "sitemaps", body, slug="globex", role="owner").status_code == 400


def test_a_sitemap_that_is_open_is_not_taken_for_closed(api, base, site):
    body = {"knowledge_base": base, "address": site.sitemap("/s.xml")}
    assert api("post", "sitemaps", body).status_code == 201
    answer = api("post", "sitemaps", {**body, "visibility": "restricted"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "sitemap_differs")
    assert api("post", "sitemaps", {**body, "metadata": {"a": {"b": 1}}}).status_code == 400


@pytest.mark.parametrize("wrong", ["ftp://x.test/", "https://me:pw@x.test/", "no address"])
def test_what_is_no_address_is_named(api, base, wrong):
    for path, body in (("documents/addresses", {"addresses": [wrong]}), ("sitemaps", {"address": wrong})):
        answer = api("post", path, {"knowledge_base": base, **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "address_invalid")


def test_an_inside_address_never_becomes_a_document(api, base, acme):
    body = {"knowledge_base": base, "addresses": ["http://169.254.169.254/latest/", "http://localhost:5432/"]}
    added = api("post", "documents/addresses", body).json()
    work(acme, turns=1)
    for row in added:
        assert api("get", f"documents/{row['id']}").json()["error"]["code"] == "address_refused"


def test_what_failed_is_read_anew_all_at_once_or_by_its_reason(api, base, acme):
    for name, content in (
        ("a.pdf", b"%PDF-1.4 damaged"),
        ("b.docx", b"PK\x03\x04 cut"),
        ("c.html", b"<script>x</script>"),
    ):
        api(
            "post", "documents", {"knowledge_base": base, "file": SimpleUploadedFile(name, content)}, format="multipart"
        )
    work(acme, turns=1)
    failed = api("get", "documents?status=failed").json()["results"]
    assert {row["error"]["code"] for row in failed} == {"document_unreadable", "document_empty"}
    assert api("post", "documents/retry", {"code": "document_empty"}).json() == {"documents": 1}
    assert api("post", "documents/retry", {"knowledge_base": base}).json() == {"documents": 2}
    assert api("post", "documents/retry", {}).json() == {"documents": 0}
    assert api("post", "documents/retry", {}, role="viewer").status_code == 403
    assert api("post", "documents/retry", {"knowledge_base": base}, slug="globex", role="owner").status_code == 400


def run_command(folder, **options):
    out = StringIO()
    call_command("ingest", str(folder), tenant="acme", knowledge_base="docs", stdout=out, **options)
    return " ".join(out.getvalue().split())


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "papers"
    (found / "deep" / ".hidden").mkdir(parents=True)
    (found / "a.md").write_text("# A\n\nFirst.")
    (found / "deep" / "b.txt").write_text("Second. مد وجزر")
    (found / "deep" / "copy.txt").write_text("Second. مد وجزر")
    (found / "broken.docx").write_bytes(b"not a document")
    (found / "picture.png").write_bytes(b"png")
    (found / "deep" / ".hidden" / "c.md").write_text("Hidden.")
    (found / "link.md").symlink_to("/etc/hostname")
    return found


def test_a_folder_is_taken_in_and_again_only_what_changed(api, base, acme, globex, folder):
    with pytest.raises(CommandError, match="Not everything") as caught:
        run_command(folder)
    assert caught.value.returncode == 1
    with enter_tenant(acme):
        rows = {row.address: row for row in Document.objects.all()}
    assert sorted(rows) == ["folder:a.md", "folder:deep/b.txt"]
    assert {row.origin for row in rows.values()} == {"folder"}
    (folder / "broken.docx").unlink()
    assert "unchanged 2 duplicate 1 not supported 1" in run_command(folder).replace("│ ", "").replace("│", "")
    (folder / "a.md").write_text("# A\n\nChanged.")
    (folder / "new.md").write_text("New.")
    shown = run_command(folder).replace("│ ", "").replace("│", "")
    assert "added 1 changed 1 unchanged 1 duplicate 1" in shown
    with enter_tenant(acme):
        assert Document.objects.get(address="folder:a.md").pk == rows["folder:a.md"].pk
        assert Document.objects.count() == 3
    with enter_tenant(globex):
        assert not Document.objects.exists()


def test_a_folder_that_does_not_fit_goes_on_after_room_was_made(api, base, acme, folder):
    (folder / "broken.docx").unlink()
    (folder / "z.md").write_text("z " * 600_000)
    with enter_platform():
        Plan.objects.filter(pk=acme.plan_id).update(storage_mb=1)
    with pytest.raises(CommandError, match="goes on here"):
        run_command(folder)
    with enter_platform():
        Plan.objects.filter(pk=acme.plan_id).update(storage_mb=10)
    assert "added 2 unchanged 1" in run_command(folder).replace("│ ", "").replace("│", "")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"knowledge_base": "nothing"}, "there are: docs"),
        ({"tenant": "nobody"}, "no tenant"),
        ({"email": "stranger@x.test"}, "stranger@x.test"),
    ],
)
def test_the_command_says_what_is_not_there(api, base, folder, options, says):
    given = {"tenant": "acme", "knowledge_base": "docs", "stdout": StringIO(), **options}
    with pytest.raises(CommandError, match=says):
        call_command("ingest", str(folder), **given)


def test_the_page_for_filling_takes_all_four_ways(visit, api, base, acme):
    browser = visit("acme", "editor")
    page = f"/admin/agents/knowledgebase/{base}/add/"
    assert "Drop files here" in browser.get(page).content.decode()
    for body in (
        {"way": "addresses", "addresses": "https://a.test/\nhttps://b.test/x"},
        {"way": "sitemap", "sitemap": "https://a.test/sitemap.xml"},
        {"way": "text", "title": "Note", "text": "A note."},
    ):
        assert browser.post(page, body).status_code == 302
    with enter_tenant(acme):
        assert sorted(Document.objects.values_list("origin", flat=True)) == ["text", "url", "url"]
        assert Sitemap.objects.get().address == "https://a.test/sitemap.xml"
    for body in (
        {"way": "addresses", "addresses": "x"},
        {"way": "sitemap", "sitemap": "x"},
        {"way": "text", "text": ""},
    ):
        answer = browser.post(page, body)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()
    assert visit("acme", "viewer").get(page).status_code == 403
    assert visit("globex", "owner").get(page).status_code == 404


def test_the_panel_shows_how_far_it_is_and_reads_failed_ones_again(visit, api, base, acme):
    with enter_tenant(acme):
        row = KnowledgeBase.objects.get(pk=base)
        for number, status in enumerate(("ready", "failed", "failed", "pending", "duplicate")):
            Document.objects.create(
                knowledge_base=row, name=f"{number}.md", content_hash=str(number), status=status, bytes=1_000_000
            )
    shown = visit("acme", "editor").get(f"/admin/agents/knowledgebase/{base}/documents/").content.decode()
    assert "4 of 5 documents" in shown
    assert "2 failed" in shown
    assert "1 here already" in shown
    assert visit("acme", "viewer").post(f"/admin/agents/knowledgebase/{base}/again/").status_code == 403
    visit("acme", "editor").post(f"/admin/agents/knowledgebase/{base}/again/")
    with enter_tenant(acme):
        assert Document.objects.filter(status="pending").count() == 3
