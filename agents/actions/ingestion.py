"""Read a document: fetch, parse, chunk, embed, index. Every stage is told in the row; no transaction is open while it works."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.actions.document_events import tell_of
from agents.actions.lanes import STALE_AFTER, claim, commit_soon, in_work, wake_lane
from agents.knowledge.chunking import Piece, chunk
from agents.knowledge.errors import DocumentDuplicate, DocumentEmpty, DocumentGone, DocumentTooComplex
from agents.knowledge.files import files
from agents.knowledge.index import SpacesChanged, embedded, update
from agents.knowledge.parsing.child import ParsingChild
from agents.llm.errors import ModelError, ModelTimeout
from agents.models import Chunk, Document, DocumentText
from nexod.kernel.errors import NexodError, RateLimited, Unavailable
from nexod.kernel.run_port import BudgetExhausted
from tenants.context import release_connections
from tenants.due_times import later, set_due
from tenants.models import DueTime

if TYPE_CHECKING:
    from agents.knowledge.parsing.outline import Parsed

log = logging.getLogger(__name__)
FETCHED, PARSED, EMBEDDED = 10, 30, 80
"""Per cent of the way, as people see it."""
MOST_ATTEMPTS = 5
FIRST_WAIT_S = 30
ALIVE_S, TOLD_S = 5.0, 1.0
INDEXING = Lock()
"""One document of a process is written at a time: what PostgreSQL does for it is at nobody's lower priority."""
PASSING = (Unavailable, RateLimited, SpacesChanged)
"""What may be better in a while: the document is tried again by itself, a few times."""
PROVIDER_WAIT_S, BUDGET_WAIT_S = 60.0, 15 * 60.0
"""A model that is away, or whose budget is used up, is no fault of a document: all of its knowledge base wait, however often."""
Status = Document.Status


def ingest_document(*, document_id: UUID, child: ParsingChild | None = None) -> None:
    """Bring the document from pending to ready, or to failed with the reason; stop quietly if it is not ours to read."""
    if claim(Document.objects.all(), document_id) is None:
        _look_again_later(document_id)
        return
    read_claimed(document_id, child)


def read_claimed(document_id: UUID, child: ParsingChild | None = None) -> None:
    """Read a document that ``claim`` gave; ``child`` parses it, or one of its own."""
    document = Document.objects.select_related("knowledge_base").filter(pk=document_id).first()
    if document is None:
        return
    try:
        if document.attempts > MOST_ATTEMPTS:
            raise DocumentTooComplex(
                "Reading this document ended its reader several times. Save it in a simpler format."
            )
        _read(document, child)
    except DocumentGone:
        log.info("the document went away while it was read", extra={"document": str(document_id)})
    except PASSING as error:
        _put_off(document, error)
    except (ModelError, BudgetExhausted) as error:
        if (wait_s := _wait_s(error)) is None:
            _fail(document, error)
        else:
            _wait_for_model(document, error, wait_s)
    except NexodError as error:
        _fail(document, error)
    except Exception:  # not SystemExit: a worker that is stopped leaves the document to the next
        _fail(document, NexodError("Something went wrong inside Nexod while reading this document. Try it again."))
        raise


def _read(document: Document, child: ParsingChild | None) -> None:
    alive = SignsOfLife(document)
    if document.origin == Document.Origin.URL:
        from agents.actions.pages import fetched

        document, is_changed = fetched(document, alive)
        if not is_changed and document.ingested_at:
            _end(document, {"status": Status.READY, "progress": 100, "error": None})
            return
        alive.tell(FETCHED)
    parsed = _parsed(document, child, alive)
    alive.tell(PARSED)
    pieces = chunk(parsed)
    if not pieces:
        raise DocumentEmpty
    kept, new = _difference(document, pieces)
    user = str(document.uploaded_by_id or "")
    texts = [piece.context for piece in new]
    vectors = embedded(document.knowledge_base, texts, alive.tell_share, user=user, alive=alive)
    _index(document, parsed, kept, new, vectors)


def _look_again_later(document_id: UUID) -> None:
    """A message that comes again while the document is in work may be all that is left of a worker that was killed."""
    if Document.objects.filter(pk=document_id, status=Status.PROCESSING).exists():
        set_due(DueTime.Kind.DOCUMENT, document_id, later(STALE_AFTER.total_seconds() + 1))


def _parsed(document: Document, child: ParsingChild | None, alive: Callable[[], None]) -> Parsed:
    try:
        with files.open(document.storage_key) as file:
            data = file.read()
    except FileNotFoundError:
        if in_work(document).exists():
            raise
        raise DocumentGone from None  # other content took its place, or nothing did
    if child:
        return child.parse(data, document.name, alive)
    with ParsingChild() as own:
        return own.parse(data, document.name, alive)


def _difference(document: Document, pieces: Sequence[Piece]) -> tuple[dict[int, Piece], list[Piece]]:
    """Return which chunks stay, at their new places, and what is new: equal texts keep their rows and vectors."""
    there: dict[str, list[int]] = {}
    for pk, digest in Chunk.objects.filter(document=document).order_by("-ordinal").values_list("pk", "content_hash"):
        there.setdefault(digest, []).append(pk)
    kept, new = {}, []
    for piece in pieces:
        if known := there.get(piece.digest):
            kept[known.pop()] = piece
        else:
            new.append(piece)
    return kept, new


def _index(document: Document, parsed: Parsed, kept: dict[int, Piece], new: list[Piece], vectors: Any) -> None:
    with INDEXING, transaction.atomic():
        commit_soon()
        if not in_work(document).select_for_update().exists():
            raise DocumentGone
        update(document, kept, new, vectors)
        DocumentText.objects.update_or_create(document=document, defaults={"text": parsed.text})
        facts = {"media_type": parsed.media_type, "pages": parsed.pages, "text_length": len(parsed.text)}
        done = {"status": Status.READY, "progress": 100, "error": None, "ingested_at": timezone.now()}
        _end(document, {"title": parsed.title[:300], **facts, **done})


def _end(document: Document, values: dict[str, Any]) -> None:
    with transaction.atomic():
        if not in_work(document).update(attempts=0, retry_at=None, updated_at=timezone.now(), **values):
            raise DocumentGone
        tell_of(document, "ready")


class SignsOfLife:
    """Says now and then that the document is still read, and how far it is; raises DocumentGone when nobody wants it.

    Others take over what says nothing for long. Most documents are read before there is anything to say.
    """

    def __init__(self, document: Document) -> None:
        self._document, self._told = document, time.monotonic()

    def __call__(self) -> None:
        """Be called while something is awaited."""
        self._say(ALIVE_S)

    def tell(self, per_cent: int) -> None:
        """Be told how far it is."""
        self._say(TOLD_S, progress=per_cent)

    def tell_share(self, embedded: float) -> None:
        """Be told which share of the texts has its vectors."""
        self.tell(PARSED + int((EMBEDDED - PARSED) * embedded))

    def _say(self, after_s: float, **what: int) -> None:
        if time.monotonic() < self._told + after_s:
            return
        self._told = time.monotonic()
        is_wanted = in_work(self._document).update(updated_at=timezone.now(), **what)
        release_connections()
        if not is_wanted:
            raise DocumentGone


def _put_off(document: Document, error: NexodError) -> None:
    """Try it again later by itself, each time after twice as long; after MOST_ATTEMPTS it has failed."""
    from agents.knowledge.web.errors import NotYet, SiteUnavailable

    is_turn = isinstance(error, NotYet)
    if document.attempts >= MOST_ATTEMPTS and not is_turn:
        _fail(document, error)
        return
    told = error.retry_s if isinstance(error, SiteUnavailable) else 0
    wait = told or FIRST_WAIT_S * 2 ** (document.attempts - 1)
    row = {"attempts": document.attempts - is_turn, "retry_at": timezone.now() + timedelta(seconds=wait)}
    reason = {"code": error.code, "message": error.message}
    with transaction.atomic():
        waiting = in_work(document).update(status=Status.PENDING, error=reason, updated_at=timezone.now(), **row)
        if waiting:
            wake_lane(document.pk)


def _wait_s(error: NexodError) -> float | None:
    """Return after how long the model is worth another try; None when it has to be put right first."""
    if isinstance(error, BudgetExhausted):
        return PROVIDER_WAIT_S if error.only_held else BUDGET_WAIT_S
    from agents.llm.failures import retry_after_s

    passes = getattr(error, "transient", False) or isinstance(error, ModelTimeout)
    return max(PROVIDER_WAIT_S, retry_after_s(error) or 0) if passes else None


def _wait_for_model(document: Document, error: NexodError, wait_s: float) -> None:
    """Let all documents of the knowledge base wait that would meet the same: reading each would be for nothing."""
    now = timezone.now()
    until, reason = now + timedelta(seconds=wait_s), {"code": error.code, "message": error.message}
    same = Document.objects.filter(knowledge_base=document.knowledge_base_id, status=Status.PENDING)
    with transaction.atomic():
        row = {"status": Status.PENDING, "error": reason, "retry_at": until, "updated_at": now}
        if in_work(document).update(attempts=max(0, document.attempts - 1), **row):
            wake_lane(document.pk)
        same.filter(Q(retry_at=None) | Q(retry_at__lt=until)).update(retry_at=until)


def _fail(document: Document, error: NexodError) -> None:
    reason = {"code": error.code, "message": error.message}
    status = Status.DUPLICATE if isinstance(error, DocumentDuplicate) else Status.FAILED
    with transaction.atomic():
        ended = in_work(document).update(
            status=status, error=reason, attempts=0, retry_at=None, updated_at=timezone.now()
        )
        if ended and status == Status.FAILED:
            tell_of(Document.objects.select_related("knowledge_base").get(pk=document.pk), "failed")
