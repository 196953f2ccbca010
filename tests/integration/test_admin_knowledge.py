"""Documents in the admin: dropped together, answered one by one, watched, tried again, forgotten."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from agents.models import Document
from tenants.context import enter_tenant


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


def test_a_knowledge_base_is_made_and_its_page_takes_files(visit):
    answer = visit("acme", "editor").post(
        "/admin/agents/knowledgebase/add/", {"name": "Library", "slug": "", "description": ""}, follow=True
    )
    page = answer.content.decode()
    assert "Drop files here" in page
    assert "No documents yet" in page
