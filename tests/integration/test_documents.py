"""Documents: kept once, read as Celery work, forgotten without a trace."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from agents.actions.documents import DocumentInWork, delete_document, retry_document, upload_document
from agents.actions.ingestion import ingest_document
from agents.actions.knowledge import create_knowledge_base, delete_knowledge_base
from agents.actions.lanes import LANES
from agents.knowledge.errors import DocumentEmpty, DocumentTooLarge, DocumentTypeUnsupported
from agents.knowledge.files import files
from agents.models import Chunk, ChunkVector, Document, DocumentText
from nexod.kernel.errors import PermissionDenied, QuotaExceeded, TenantRequired
from tenants.context import enter_platform, enter_tenant
from tenants.models import DueTime, Plan, UsageRecord
from tests.papers import pdf

GUIDE = b"# Guide\n\nHow to install.\n\n## Linux\n\n" + b"Use the package manager of your system. " * 60


@pytest.fixture
def media(settings, tmp_path):
    """Keep files in a folder of the test."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def editor(in_acme, media, person):
    """Return somebody who may upload; the test works inside acme."""
    return person("acme", "editor")


@pytest.fixture
def base(editor):
    """Return an empty knowledge base of acme."""
    return create_knowledge_base(actor=editor, name="Docs")


def upload(base, editor, content=GUIDE, name="guide.md"):
    return upload_document(actor=editor, knowledge_base=base, name=name, file=ContentFile(content, name=name))


def read(base, editor, content=GUIDE, name="guide.md"):
    document, _ = upload(base, editor, content, name)
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    return document


def kept(media: Path):
    return sorted(path.relative_to(media) for path in media.rglob("*") if path.is_file())


def stored_bytes(tenant):
    with enter_platform():
        return int(UsageRecord.objects.get(tenant=tenant, metric="storage_bytes").amount)


def vectors_of(document):
    return ChunkVector.objects.filter(chunk_id__in=document.chunks.values("pk")).count()


def message_of(callbacks):
    """Return the call that sends the one message."""
    (sent,) = callbacks
    return sent.args[1]


def test_an_upload_is_kept_metered_and_enqueued(base, editor, acme, media, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        document, is_new = upload(base, editor)
    assert (is_new, document.status, document.uploaded_by) == (True, "pending", editor)
    assert kept(media) == [Path(acme.schema_name, document.storage_key)]
    assert stored_bytes(acme) == len(GUIDE)
    sent = message_of(callbacks)
    assert sent.args == ("agents.ingest_documents",)
    assert UUID(sent.keywords["kwargs"]["lane"]) in LANES
    assert sent.keywords["queue"] == "ingest"
    assert sent.keywords["headers"]["nexod_tenant"] == acme.schema_name


def test_ingestion_makes_chunks_that_know_their_place(base, editor):
    document = read(base, editor)
    assert (document.status, document.progress, document.error) == ("ready", 100, None)
    assert (document.title, document.media_type, document.text_length) == ("Guide", "text/markdown", len(GUIDE))
    chunks = list(document.chunks.order_by("ordinal"))
    assert len(chunks) > 2
    assert [chunk.heading for chunk in chunks][-1] == "Linux"
    assert all(GUIDE.decode()[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(document.body.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert vectors_of(document) == len(chunks)


def test_the_same_content_is_kept_once(base, editor, acme, media):
    first, _ = upload(base, editor)
    second, is_new = upload(base, editor, name="another name.md")
    assert (second, is_new) == (first, False)
    assert (len(kept(media)), stored_bytes(acme)) == (1, len(GUIDE))


def test_another_knowledge_base_has_its_own_copy(base, editor, media):
    other = create_knowledge_base(actor=editor, name="Other")
    assert upload(base, editor)[0] != upload(other, editor)[0]
    assert len(kept(media)) == 2


def test_ingesting_twice_changes_nothing(base, editor):
    document = read(base, editor)
    before = list(document.chunks.values_list("id", flat=True))
    ingest_document(document_id=document.pk)
    assert list(document.chunks.values_list("id", flat=True)) == before


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (pdf("secret", password="x"), "a.pdf", "document_encrypted"),
        (pdf("", ""), "a.pdf", "document_scanned"),
        (b"%PDF-1.4 damaged", "a.pdf", "document_unreadable"),
        (bytes(range(256)) * 40, "a.txt", "document_unreadable"),
        (b"<html><body><script>x</script></body></html>", "a.html", "document_empty"),
    ],
)
def test_a_document_that_cannot_be_read_says_why(base, editor, content, name, code):
    document = read(base, editor, content, name)
    assert (document.status, document.error["code"]) == ("failed", code)
    assert len(document.error["message"]) > 40
    assert not document.chunks.exists()


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "a.md", DocumentEmpty),
        (b"PK\x03\x04", "a.odt", DocumentTypeUnsupported),
        (b"x" * 2000, "a.md", DocumentTooLarge),
    ],
)
def test_what_can_be_refused_at_once_leaves_nothing(base, editor, media, settings, content, name, error):
    settings.NEXOD_MAX_DOCUMENT_BYTES = 1000
    with pytest.raises(error):
        upload(base, editor, content, name)
    assert kept(media) == []
    assert not Document.objects.exists()


def test_the_plan_bounds_storage(base, editor, acme, media):
    with enter_platform():
        Plan.objects.filter(pk=acme.plan_id).update(storage_mb=1)
    upload(base, editor, b"a " * 400_000)
    with pytest.raises(QuotaExceeded, match="storage"):
        upload(base, editor, b"b " * 400_000)
    assert len(kept(media)) == 1


def test_viewers_neither_upload_nor_delete(base, editor, person):
    viewer = person("acme", "viewer")
    document, _ = upload(base, editor)
    for act in (
        lambda: upload(base, viewer),
        lambda: delete_document(actor=viewer, document=document),
        lambda: retry_document(actor=viewer, document=document),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_deleting_takes_chunks_and_file_along(base, editor, acme, media, django_capture_on_commit_callbacks):
    document = read(base, editor)
    with django_capture_on_commit_callbacks(execute=True):
        delete_document(actor=editor, document=document)
    assert (kept(media), stored_bytes(acme)) == ([], 0)
    assert not any(model.objects.exists() for model in (Chunk, ChunkVector, DocumentText))


def test_deleting_a_knowledge_base_takes_its_documents_along(
    base, editor, acme, media, django_capture_on_commit_callbacks
):
    read(base, editor)
    read(base, editor, b"another text", "b.txt")
    with django_capture_on_commit_callbacks(execute=True):
        delete_knowledge_base(actor=editor, knowledge_base=base)
    assert (kept(media), stored_bytes(acme)) == ([], 0)
    assert not any(model.objects.exists() for model in (Document, Chunk, ChunkVector, DocumentText))


def test_a_file_that_was_lost_fails_and_can_be_tried_again(base, editor, media):
    document, _ = upload(base, editor)
    path = media / kept(media)[0]
    content = path.read_bytes()
    os.remove(path)
    with pytest.raises(FileNotFoundError):
        ingest_document(document_id=document.pk)
    document.refresh_from_db()
    assert (document.status, document.error["code"]) == ("failed", "internal")
    path.write_bytes(content)
    assert retry_document(actor=editor, document=document).status == "pending"
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    assert (document.status, document.error) == ("ready", None)


def test_only_what_failed_or_lies_is_tried_again(base, editor):
    document = read(base, editor)
    with pytest.raises(DocumentInWork):
        retry_document(actor=editor, document=document)
    Document.objects.update(status="processing", updated_at=timezone.now() - timedelta(hours=1))
    assert retry_document(actor=editor, document=document).status == "pending"


def test_a_document_in_work_is_looked_at_again_later(base, editor):
    document, _ = upload(base, editor)
    Document.objects.update(status="processing", updated_at=timezone.now())
    ingest_document(document_id=document.pk)
    with enter_platform():
        due = DueTime.objects.get(kind="document", item=document.pk)
    assert due.wake_at == due.due_at > timezone.now() + timedelta(seconds=60)
    Document.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    ingest_document(document_id=document.pk)
    document.refresh_from_db()
    assert document.status == "ready"


def test_a_document_deleted_meanwhile_stops_quietly(base, editor):
    document, _ = upload(base, editor)
    Document.objects.all().delete()
    ingest_document(document_id=document.pk)
    ingest_document(document_id=uuid4())
    assert not Chunk.objects.exists()


def test_files_belong_to_the_tenant_of_the_place(base, editor, globex, media):
    document, _ = upload(base, editor)
    with files.open(document.storage_key) as file:
        assert file.read() == GUIDE
    with enter_tenant(globex):
        assert not files.exists(document.storage_key)
    with enter_platform(), pytest.raises(TenantRequired):
        files.exists(document.storage_key)


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "documents/../../other/file"])
def test_no_name_leads_out_of_the_folder(in_acme, media, name):
    with pytest.raises(Exception, match=r"(?i)path|outside"):
        files.save(name, ContentFile(b"x"))
    assert kept(media) == []


def test_names_are_made_harmless(base, editor):
    assert upload(base, editor, name="..\\..\\C:\\evil\x00\n.md")[0].name == "evil.md"
    assert len(upload(base, editor, b"other text", name="x" * 400 + ".txt")[0].name) == 255


def test_no_transaction_is_open_while_a_document_is_read(base, editor, monkeypatch):
    from agents.knowledge.parsing.child import ParsingChild

    outer, seen = len(connection.savepoint_ids), []
    parse = ParsingChild.parse
    monkeypatch.setattr(ParsingChild, "parse", lambda *args: seen.append(len(connection.savepoint_ids)) or parse(*args))
    assert read(base, editor).status == "ready"
    assert seen == [outer]
