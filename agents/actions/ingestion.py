"""Read a document: parse, chunk, embed, index. Every stage is told in the row; no transaction is open while it works."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.actions.documents import STALE_AFTER
from agents.knowledge.chunking import Piece, chunk
from agents.knowledge.embedding import embedder
from agents.knowledge.errors import DocumentEmpty
from agents.knowledge.files import files
from agents.knowledge.parsing.child import ParsingChild
from agents.knowledge.stores import vector_store
from agents.models import Document
from nexod.kernel.errors import NexodError
from nexod.kernel.queue import enqueue

if TYPE_CHECKING:
    from agents.knowledge.embedding import Vectors
    from agents.knowledge.parsing.outline import Parsed

log = logging.getLogger(__name__)
BATCH = 512
PARSED, EMBEDDED = 30, 80
"""Per cent of the way, as people see it."""
Status = Document.Status


class DocumentGone(NexodError):
    """The document was deleted, or taken over, while it was being read."""

    code = "document_gone"


def ingest_document(*, document_id: UUID) -> None:
    """Bring the document from pending to ready, or to failed with the reason; stop quietly if it is not ours to read."""
    if not _claimed(document_id):
        _look_again_later(document_id)
        return
    document = Document.objects.select_related("knowledge_base").get(pk=document_id)
    try:
        parsed = _parsed(document)
        pieces = chunk(parsed)
        if not pieces:
            raise DocumentEmpty
        _index(document, parsed, pieces, _vectors(document, pieces))
    except DocumentGone:
        log.info("the document went away while it was read", extra={"document": str(document_id)})
    except NexodError as error:
        _fail(document_id, error)
    except Exception:  # not SystemExit: a worker that is stopped leaves the document to the next
        _fail(document_id, NexodError("Something went wrong inside Nexod while reading this document. Try it again."))
        raise


def _claimed(document_id: UUID) -> bool:
    """Take the document: it waits for a reader, or the one that it had is silent."""
    silent = Q(status=Status.PROCESSING, updated_at__lt=timezone.now() - STALE_AFTER)
    free = Document.objects.filter(Q(status=Status.PENDING) | silent, pk=document_id)
    return bool(free.update(status=Status.PROCESSING, progress=0, error=None, updated_at=timezone.now()))


def _look_again_later(document_id: UUID) -> None:
    """A message that comes again while the document is in work may be all that is left of a worker that was killed."""
    if Document.objects.filter(pk=document_id, status=Status.PROCESSING).exists():
        delay = STALE_AFTER.total_seconds() + 1
        enqueue("agents.ingest_document", delay_s=delay, document_id=str(document_id))


def _parsed(document: Document) -> Parsed:
    with files.open(document.storage_key) as file, ParsingChild() as child:
        parsed = child.parse(file.read(), document.name)
    _progress(document, PARSED)
    return parsed


def _vectors(document: Document, pieces: list[Piece]) -> Vectors:
    import numpy

    model = embedder(document.knowledge_base.embedding_model)
    batches: list[Vectors] = []
    for begin in range(0, len(pieces), BATCH):
        batches.append(model.embed([piece.context for piece in pieces[begin : begin + BATCH]]))
        done = min(begin + BATCH, len(pieces)) / len(pieces)
        _progress(document, PARSED + int((EMBEDDED - PARSED) * done))
    return numpy.concatenate(batches)


def _index(document: Document, parsed: Parsed, pieces: list[Piece], vectors: Vectors) -> None:
    with transaction.atomic():
        ours = Document.objects.select_for_update().filter(pk=document.pk, status=Status.PROCESSING)
        if not ours.exists():
            raise DocumentGone
        vector_store().replace(document, pieces, vectors)
        ours.update(
            title=parsed.title[:300],
            media_type=parsed.media_type,
            pages=parsed.pages,
            text_length=len(parsed.text),
            status=Status.READY,
            progress=100,
            ingested_at=timezone.now(),
            updated_at=timezone.now(),
        )


def _progress(document: Document, per_cent: int) -> None:
    """Tell how far it is; a sign of life too, which keeps others from taking over."""
    ours = Document.objects.filter(pk=document.pk, status=Status.PROCESSING)
    if not ours.update(progress=per_cent, updated_at=timezone.now()):
        raise DocumentGone


def _fail(document_id: UUID, error: NexodError) -> None:
    reason = {"code": error.code, "message": error.message}
    ours = Document.objects.filter(pk=document_id, status=Status.PROCESSING)
    ours.update(status=Status.FAILED, error=reason, updated_at=timezone.now())
