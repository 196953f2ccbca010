"""Take documents in, try them again, and forget them. The reading itself is Celery work: agents/actions/ingestion.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.knowledge.errors import DocumentTooLarge
from agents.knowledge.files import document_key, files
from agents.knowledge.parsing.formats import SNIFFED_BYTES, sniff
from agents.models import Document, KnowledgeBase
from nexod.kernel.errors import Conflict
from nexod.kernel.identifiers import new_id
from nexod.kernel.queue import enqueue
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.actions.usage import record_usage
from tenants.quotas import require_storage

if TYPE_CHECKING:
    from django.db.models import QuerySet

STALE_AFTER = timedelta(minutes=10)
"""A document that has been in work for so long without progress was left by a worker that died."""
LONGEST_NAME = 255


class DocumentInWork(Conflict):
    """The document is being read right now, or has been read already."""

    code = "document_in_work"


def upload_document(
    *, actor: User, knowledge_base: KnowledgeBase, name: str, file: File[bytes]
) -> tuple[Document, bool]:
    """Keep the file and enqueue its ingestion; return the row, and whether it is new.

    The same content in the same knowledge base gives the row that is there, unchanged. Raises PermissionDenied,
    DocumentTooLarge, DocumentEmpty, DocumentTypeUnsupported, DocumentUnreadable or QuotaExceeded.
    """
    require_permission(actor, "agents.add_document")
    name = _file_name(name)
    _require_acceptable(name, file)
    digest = _digest(file)
    if known := knowledge_base.documents.filter(content_hash=digest).first():
        return known, False
    require_storage(file.size)
    document = Document(
        id=(pk := new_id()),
        knowledge_base=knowledge_base,
        name=name,
        bytes=file.size,
        content_hash=digest,
        storage_key=document_key(pk),
        uploaded_by=actor,
    )
    return _kept(document, file)


def retry_document(*, actor: User, document: Document) -> Document:
    """Read the document anew: one that failed, or one that was left lying. Raises DocumentInWork otherwise."""
    require_permission(actor, "agents.change_document")
    lying = timezone.now() - STALE_AFTER
    with transaction.atomic():
        found = Document.objects.select_for_update().get(pk=document.pk)
        waiting = found.status != Document.Status.READY and found.updated_at < lying
        if found.status != Document.Status.FAILED and not waiting:
            raise DocumentInWork
        found.status, found.progress, found.error = Document.Status.PENDING, 0, None
        found.save()
        enqueue("agents.ingest_document", document_id=str(found.pk))
    return found


@transaction.atomic
def delete_document(*, actor: User, document: Document) -> None:
    """Delete the document with its chunks, vectors and file."""
    require_permission(actor, "agents.delete_document")
    forget_files(Document.objects.filter(pk=document.pk))
    document.delete()


def forget_files(documents: QuerySet[Document]) -> None:
    """Delete the files of ``documents`` once the transaction has committed, and give their storage back."""
    kept = list(documents.select_for_update().values_list("storage_key", "bytes"))
    if kept:
        record_usage("storage_bytes", -sum(size for _, size in kept))
    for key, _ in kept:
        transaction.on_commit(partial(files.delete, key))


def _kept(document: Document, file: File[bytes]) -> tuple[Document, bool]:
    """Write the file first: a row always has one. A row that cannot be written takes its file along."""
    file.seek(0)
    files.save(document.storage_key, file)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
            record_usage("storage_bytes", document.bytes)
            enqueue("agents.ingest_document", document_id=str(document.pk))
    except BaseException as error:
        files.delete(document.storage_key)
        twin = Document.objects.filter(knowledge_base=document.knowledge_base_id, content_hash=document.content_hash)
        if isinstance(error, IntegrityError) and (known := twin.first()):
            return known, False
        raise
    return document, True


def _require_acceptable(name: str, file: File[bytes]) -> None:
    allowed = settings.NEXOD_MAX_DOCUMENT_BYTES
    if file.size > allowed:
        message = f"The file has {file.size / 1e6:,.1f} MB; {allowed / 1e6:,.1f} MB are allowed. Split it."
        raise DocumentTooLarge(message, details={"bytes": file.size, "limit_bytes": allowed})
    file.seek(0)
    sniff(file.read(SNIFFED_BYTES), name)


def _digest(file: File[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: File[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return file.chunks()


def _file_name(name: str) -> str:
    """Return the last part of a path of any system, printable and short, its suffix kept."""
    last = PurePath(name.replace("\\", "/")).name
    clean = "".join(letter for letter in last if letter.isprintable()).strip() or "document"
    stem, suffix = PurePath(clean).stem, PurePath(clean).suffix[:20]
    return stem[: LONGEST_NAME - len(suffix)] + suffix
