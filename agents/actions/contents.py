"""The files of documents: kept once, metered, replaced as a whole. A row is never without its file, nor a file without its row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction

from agents.actions.lanes import in_work, wake_lane
from agents.knowledge.errors import DocumentGone, DocumentTooLarge
from agents.knowledge.files import document_key, files
from agents.knowledge.parsing.formats import SNIFFED_BYTES, sniff
from agents.models import Document, KnowledgeBase
from nexod.kernel.identifiers import new_id
from tenants.actions.usage import record_usage
from tenants.quotas import require_storage

if TYPE_CHECKING:
    from django.db.models import QuerySet

LONGEST_NAME = 255
Status = Document.Status


class Taken(StrEnum):
    """What became of content that was given."""

    ADDED = "added"
    CHANGED = "changed"
    KNOWN = "known"


def take(document: Document, file: File[bytes], *, is_in_work: bool = False) -> tuple[Document, Taken]:
    """Keep ``file`` as the content of ``document``: a row that is not stored yet, or one whose content it replaces.

    It waits to be read then, unless it is in work already. Return the row that has the content now: one that had it
    before, under whatever name, is given back unchanged. Raises DocumentTooLarge, what ``sniff`` raises, or QuotaExceeded.
    """
    require_acceptable(document.name, file)
    digest = digest_of(file)
    if known := twin(document.knowledge_base, digest):
        return known, Taken.KNOWN
    is_new = document._state.adding
    require_storage(file.size - (0 if is_new else document.bytes))
    key = document_key(new_id())
    file.seek(0)
    files.save(key, file)
    try:
        with transaction.atomic():
            stored = _stored(document, key, digest, file.size, is_in_work)
    except BaseException as error:
        files.delete(key)
        if isinstance(error, IntegrityError) and (known := twin(document.knowledge_base, digest)):
            return known, Taken.KNOWN
        raise
    return stored, Taken.ADDED if is_new else Taken.CHANGED


def _stored(document: Document, key: str, digest: str, size: int, is_in_work: bool) -> Document:
    if document._state.adding:
        row, former = document, 0
    else:
        row = _locked(document, is_in_work)
        row.name, former = document.name, row.bytes
        if row.storage_key:
            transaction.on_commit(partial(files.delete, row.storage_key))
    row.storage_key, row.content_hash, row.bytes = key, digest, size
    if not is_in_work:
        row.status, row.progress, row.error, row.attempts, row.retry_at = Status.PENDING, 0, None, 0, None
    row.save()
    record_usage("storage_bytes", size - former)
    if not is_in_work:
        wake_lane(row.pk)
    return row


def _locked(document: Document, is_in_work: bool) -> Document:
    """Return the row; raise DocumentGone for who has it in work no more."""
    rows = in_work(document) if is_in_work else Document.objects.filter(pk=document.pk)
    if (row := rows.select_for_update().first()) is None:
        raise DocumentGone
    return row


def twin(base: KnowledgeBase, digest: str) -> Document | None:
    """Return the document of the knowledge base that has this content."""
    return base.documents.filter(content_hash=digest).first()


def forget_files(documents: QuerySet[Document]) -> None:
    """Delete the files of ``documents`` once the transaction has committed, and give their storage back."""
    # All of them, so that none is given a file meanwhile.
    rows = documents.order_by("pk").select_for_update().values_list("storage_key", "bytes")
    kept = [(key, size) for key, size in rows if key]
    if kept:
        record_usage("storage_bytes", -sum(size for _, size in kept))
    for key, _ in kept:
        transaction.on_commit(partial(files.delete, key))


def require_acceptable(name: str, file: File[bytes]) -> None:
    """Raise what can be said of a file before it is read."""
    allowed = settings.NEXOD_MAX_DOCUMENT_BYTES
    if file.size > allowed:
        message = f"The file has {file.size / 1e6:,.1f} MB; {allowed / 1e6:,.1f} MB are allowed. Split it."
        raise DocumentTooLarge(message, details={"bytes": file.size, "limit_bytes": allowed})
    file.seek(0)
    sniff(file.read(SNIFFED_BYTES), name)


def digest_of(file: File[bytes]) -> str:
    """Return the SHA-256 of the file, read piece by piece."""
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: File[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return file.chunks()


def file_name(name: str) -> str:
    """Return the last part of a path of any system, printable and short, its suffix kept."""
    last = PurePath(name.replace("\\", "/")).name
    clean = "".join(letter for letter in last if letter.isprintable()).strip() or "document"
    stem, suffix = PurePath(clean).stem, PurePath(clean).suffix[:20]
    return stem[: LONGEST_NAME - len(suffix)] + suffix
