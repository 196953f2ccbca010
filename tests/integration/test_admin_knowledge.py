"""Documents in the admin: dropped together, answered one by one, watched, tried again, forgotten."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile

from agents.models import Document, KnowledgeBase, ModelConnection, Sitemap
from tenants.context import enter_tenant
from tests.admin import filled


def file(name: str, text: bytes = b"# Tides\n\nThe moon pulls.") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text)


def upload(client, base, *files, script: bool = True):
    headers = {"accept": "application/json"} if script else {}
    return client.post(
        f"/admin/agents/knowledgebase/{base.pk}/upload/", {"files": list(files)}, headers=headers, follow=not script
    )


def test_each_file_gets_an_answer_of_its_own(visit, acme, globex, content):
    files = [
        file("tides.md"),
        file("again.md"),
        file("fake.pdf", b"no pdf"),
        file("empty.txt", b""),
        file("a.exe", b"MZ"),
    ]
    answer = upload(visit("acme", "editor"), content.knowledge_base, *files).json()
    results = {row["name"]: (row["result"], row["message"]) for row in answer["results"]}
    assert {name: result for name, (result, _) in results.items()} == {
        "tides.md": "added",
        "again.md": "known",
        "fake.pdf": "refused",
        "empty.txt": "refused",
        "a.exe": "refused",
    }
    assert "is not a PDF" in results["fake.pdf"][1]
    with enter_tenant(acme):
        assert Document.objects.filter(name="tides.md", status="pending").count() == 1
    with enter_tenant(globex):
        assert not Document.objects.exists()


def test_a_large_file_is_refused_with_its_size(visit, content, settings):
    settings.NEXOD_MAX_DOCUMENT_BYTES = 10
    answer = upload(visit("acme", "editor"), content.knowledge_base, file("big.md")).json()
    assert answer["results"][0]["result"] == "refused"
    assert "MB" in answer["results"][0]["message"]


def test_without_a_script_the_answers_are_messages(visit, content):
    answer = upload(visit("acme", "editor"), content.knowledge_base, file("tides.md"), script=False)
    page = answer.content.decode()
    assert "tides.md: is being read." in page
    assert "tides.md" in page


def test_an_upload_is_written_into_the_log(visit, content):
    client = visit("acme", "owner")
    upload(client, content.knowledge_base, file("tides.md"))
    page = client.get("/admin/admin/logentry/").content.decode()
    assert "tides.md" in page


def test_a_viewer_does_not_upload(visit, acme, content):
    answer = upload(visit("acme", "viewer"), content.knowledge_base, file("tides.md")).json()
    assert answer["results"][0]["result"] == "refused"
    with enter_tenant(acme):
        assert not Document.objects.filter(name="tides.md").exists()


def test_nobody_uploads_into_another_tenants_base(visit, content):
    assert upload(visit("globex", "owner"), content.knowledge_base, file("tides.md")).status_code == 404


def state(acme, content, **values) -> None:
    with enter_tenant(acme):
        Document.objects.filter(pk=content.document.pk).update(**values)


def listed(client, content) -> str:
    return client.get(f"/admin/agents/knowledgebase/{content.knowledge_base.pk}/documents/").content.decode()


def test_the_list_tells_how_far_a_document_is(visit, acme, content):
    client = visit("acme", "owner")
    assert 'data-busy=""' in listed(client, content)
    state(acme, content, status="processing", progress=40)
    page = listed(client, content)
    assert 'data-busy="1"' in page
    assert 'value="40"' in page


def test_a_failed_document_says_why_and_is_tried_again(visit, acme, content):
    state(acme, content, status="failed", error={"code": "document_encrypted", "message": "It is encrypted."})
    client = visit("acme", "editor")
    page = listed(client, content)
    assert "It is encrypted." in page
    assert "Try again" in page
    client.post(f"/admin/agents/document/{content.document.pk}/again/")
    with enter_tenant(acme):
        assert Document.objects.get(pk=content.document.pk).status == "pending"


def test_a_ready_document_is_not_tried_again(visit, acme, content):
    answer = visit("acme", "editor").post(f"/admin/agents/document/{content.document.pk}/again/", follow=True)
    assert "has been read already" in answer.content.decode()


def test_a_document_is_deleted_with_its_chunks(visit, acme, content):
    client = visit("acme", "editor")
    client.post(f"/admin/agents/document/{content.document.pk}/delete/", {"post": "yes"})
    with enter_tenant(acme):
        assert not Document.objects.exists()


def test_who_deletes_a_knowledge_base_is_told_how_much_goes_and_no_titles(visit, acme, content):
    with enter_tenant(acme):
        content.document.title = "The merger"
        content.document.visibility = Document.Visibility.RESTRICTED
        content.document.save()
    page = (
        visit("acme", "editor").get(f"/admin/agents/knowledgebase/{content.knowledge_base.pk}/delete/").content.decode()
    )
    assert re.search(r"Documents: 1\b", page)
    assert re.search(r"Chunks: [1-9]", page)
    assert "The merger" not in page


def test_a_knowledge_base_is_made_and_its_page_takes_files(visit):
    answer = visit("acme", "editor").post(
        "/admin/agents/knowledgebase/add/", {"name": "Library", "slug": "", "description": ""}, follow=True
    )
    page = answer.content.decode()
    assert "Drop files here" in page
    assert "No documents yet" in page


def test_a_person_is_told_of_as_many_documents_as_that_person_may_read(visit, acme, content):
    """On the first page and beside sitemaps: what is closed to somebody is not even counted for them."""
    with enter_tenant(acme):
        site = Sitemap.objects.create(
            knowledge_base=content.knowledge_base, address="https://a.test/sitemap.xml", status="ready"
        )
        for number, status in enumerate(("ready", "failed", "pending")):
            Document.objects.create(
                knowledge_base=content.knowledge_base, sitemap=site, name=f"{number}", origin="url",
                address=f"https://a.test/{number}", status=status, visibility="restricted", bytes=1_000,
            )  # fmt: skip
    first = {role: visit("acme", role).get("/admin/").context["documents"] for role in ("owner", "viewer")}
    assert {name: first["owner"][name] - first["viewer"][name] for name in ("all", "busy", "failed", "bytes")} == {
        "all": 3, "busy": 1, "failed": 1, "bytes": 3_000,
    }  # fmt: skip
    assert first["viewer"]["all"] == 1
    pages = {role: visit("acme", role).get("/admin/agents/sitemap/").content.decode() for role in ("owner", "viewer")}
    assert "1 of 3 to read" in pages["owner"]
    assert ", 1 failed" in pages["owner"]
    assert " to read" not in pages["viewer"]
    assert "1 failed" not in pages["viewer"]


def connections_offered(page: str, part: str) -> dict[str, bool]:
    """Return what the select of that part offers, by slug, and whether it is chosen."""
    select = re.search(rf'<select name="retrieval-{part}-connection".*?</select>', page, re.S)
    assert select
    return {slug: "selected" in more for slug, more in re.findall(r'<option value="([^"]*)"([^>]*)>', select[0])}


def test_a_knowledge_base_offers_the_connections_for_its_searches(visit, acme, globex, content):
    with enter_tenant(globex):
        ModelConnection.objects.create(slug="foreign", name="Theirs", provider="openai")
    with enter_tenant(acme):
        ModelConnection.objects.create(slug="judges", name="The judges", provider="openai")
        KnowledgeBase.objects.filter(pk=content.knowledge_base.pk).update(
            retrieval={"rerank": {"connection": "gone", "model": "m"}}
        )
    client, path = visit("acme", "owner"), f"/admin/agents/knowledgebase/{content.knowledge_base.pk}/change/"
    page = client.get(path).content.decode()
    rerank, rewrite = (connections_offered(page, part) for part in ("rerank", "rewrite"))
    assert (rerank["gone"], rewrite[""]) == (True, True)
    assert "judges" in rerank
    assert "gone" not in rewrite
    assert "foreign" not in rerank
    data = filled(page, "knowledgebase_form") | {
        "retrieval-rewrite-connection": "judges",
        "retrieval-rewrite-model": "w",
    }
    assert client.post(path, data).status_code == 302
    with enter_tenant(acme):
        kept = KnowledgeBase.objects.get(pk=content.knowledge_base.pk).retrieval
    assert kept["rerank"] == {"connection": "gone", "model": "m"}
    assert kept["rewrite"] == {"connection": "judges", "model": "w"}


def test_a_page_that_is_written_together_reads_what_somebody_else_has_named(visit, acme, content):
    """A connection that is not there was deleted, or named by the API meanwhile: it is shown, and read as it is."""
    base = content.knowledge_base
    with enter_tenant(acme):
        KnowledgeBase.objects.filter(pk=base.pk).update(retrieval={"rewrite": {"connection": "gone", "model": "w"}})
    client = visit("acme", "owner")
    page = client.get(f"/admin/agents/knowledgebase/{base.pk}/change/?together=1").content.decode()
    assert connections_offered(page, "rewrite")["gone"]
    data = filled(page, "knowledgebase_form") | {"retrieval-rerank-connection": "to-come"}
    read = client.post(f"/admin/settings/knowledge/{base.pk}/read/", data).json()
    assert read["refused"] == []
    assert read["content"]["retrieval"]["rewrite"] == {"connection": "gone", "model": "w"}
    assert read["content"]["retrieval"]["rerank"] == {"connection": "to-come"}
