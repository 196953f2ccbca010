"""Take documents in, try them again, and forget them. The reading itself is Celery work: agents/actions/ingestion.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents.actions.contents import Taken, file_name, forget_files, take
from agents.actions.document_events import tell_of
from agents.actions.document_metadata import sound, update_document
from agents.actions.lanes import STALE_AFTER, wake_lane
from agents.knowledge.errors import DocumentDuplicate
from agents.knowledge.index import forget
from agents.knowledge.readers import may_read
from agents.models import Document, KnowledgeBase
from nexod.kernel.errors import Conflict, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

MOST_AT_ONCE = 10_000
BATCH = 500
Origin, Status = Document.Origin, Document.Status


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
    document, taken = put_document(actor=actor, knowledge_base=knowledge_base, name=name, file=file)
    return document, taken is Taken.ADDED


def put_document(
    *, actor: User, knowledge_base: KnowledgeBase, name: str, file: File[bytes], address: str = "",
    origin: str = Origin.UPLOAD, metadata: Mapping[str, Any] | None = None,
    visibility: str = Document.Visibility.EVERYONE,
) -> tuple[Document, Taken]:  # fmt: skip
    """Keep the file under ``address``, in place of what the document there held; without an address it is a new document.

    Only what differs is embedded anew; ``metadata``, where it is given, takes the place of the former. A new one that is
    restricted is read by ``actor`` alone from the beginning; one that is there keeps its readers. Raises what
    ``upload_document`` does.
    """
    require_permission(actor, "agents.add_document")
    said = sound(metadata)
    there = knowledge_base.documents.filter(address=address).first() if address else None
    if there:
        require_permission(actor, "agents.change_document")
        if not may_read(actor, there):
            raise PermissionDenied("A document that you may not read is kept at this address.")
    new = Document(knowledge_base=knowledge_base, origin=origin, address=address, uploaded_by=actor, metadata=said)
    new.visibility = Document.Visibility(visibility)
    row = there or new
    row.name = file_name(name)
    stored, taken = take(row, file)
    if taken is Taken.KNOWN and not may_read(actor, stored):
        raise DocumentDuplicate  # of whose title or address nothing is told
    if taken is Taken.ADDED and stored.visibility == Document.Visibility.RESTRICTED:
        stored.readers.add(actor)
    if there and stored.pk == there.pk and metadata is not None:
        stored = update_document(actor=actor, document=stored, metadata=said)
    return stored, taken


def put_text(
    *, actor: User, knowledge_base: KnowledgeBase, title: str, text: str, address: str = "",
    metadata: Mapping[str, Any] | None = None, visibility: str = Document.Visibility.EVERYONE,
) -> tuple[Document, Taken]:  # fmt: skip
    """Keep ``text``, Markdown or plain, as a document that is called ``title``. Raises what ``upload_document`` does."""
    name = f"{title.replace('/', ' ')[:200].strip() or 'Text'}.md"
    file = ContentFile(text.encode(), name=name)
    return put_document(
        actor=actor, knowledge_base=knowledge_base, name=name, file=file, address=address, origin=Origin.TEXT,
        metadata=metadata, visibility=visibility,
    )  # fmt: skip


def retry_document(*, actor: User, document: Document) -> Document:
    """Read the document anew: one that failed, or one that was left lying. Raises DocumentInWork otherwise."""
    require_permission(actor, "agents.change_document")
    lying = timezone.now() - STALE_AFTER
    with transaction.atomic():
        found = Document.objects.select_for_update().get(pk=document.pk)
        waiting = found.status != Status.READY and found.updated_at < lying
        if found.status != Status.FAILED and not waiting:
            raise DocumentInWork
        _begin_anew(Document.objects.filter(pk=found.pk))
    found.refresh_from_db()
    return found


def retry_documents(*, actor: User, documents: QuerySet[Document]) -> int:
    """Read anew what of ``documents`` has failed, at most MOST_AT_ONCE; return how many those are."""
    require_permission(actor, "agents.change_document")
    failed = list(documents.filter(status=Status.FAILED).order_by().values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(_begun_anew(failed[begin : begin + BATCH]) for begin in range(0, len(failed), BATCH))


@transaction.atomic
def refresh_document(*, actor: User, document: Document) -> Document:
    """Ask the document's address again; it is read anew when the page has changed. Raises DocumentInWork."""
    require_permission(actor, "agents.change_document")
    found = Document.objects.select_for_update().get(pk=document.pk)
    if found.origin != Origin.URL or found.status in (Status.PENDING, Status.PROCESSING):
        raise DocumentInWork("Only a page of the web that is not in work already can be asked for again.")
    _begin_anew(Document.objects.filter(pk=found.pk))
    found.refresh_from_db()
    return found


def _begun_anew(ids: Sequence[UUID]) -> int:
    with transaction.atomic():
        return _begin_anew(Document.objects.filter(pk__in=ids, status=Status.FAILED))


def _begin_anew(documents: QuerySet[Document]) -> int:
    one = documents.order_by().values_list("pk", flat=True).first()
    begun = documents.update(
        status=Status.PENDING, progress=0, error=None, attempts=0, retry_at=None, updated_at=timezone.now()
    )
    if one and begun:
        wake_lane(one)
    return begun


@transaction.atomic
def delete_document(*, actor: User, document: Document) -> None:
    """Delete the document with its chunks, vectors and file."""
    require_permission(actor, "agents.delete_document")
    forget_files(Document.objects.filter(pk=document.pk))
    forget(Document.objects.filter(pk=document.pk))
    tell_of(document, "deleted")
    document.delete()
