"""The one writer of chunks: rows, vectors of every space, word counts. What did not change is not touched."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from agents.knowledge import spaces
from agents.knowledge.counting import count, discount, forget_words
from agents.knowledge.outbox import note_cleared, note_gone, note_vectors
from agents.knowledge.provided import REFUSALS
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.base import Entry
from agents.models import Chunk, Document, KnowledgeBase, VectorSpace
from nexod.kernel.errors import Conflict

if TYPE_CHECKING:
    from agents.knowledge.chunking import Piece
    from agents.knowledge.embedding import Vectors

    Embedded = Mapping[UUID, Vectors | None]

log = logging.getLogger(__name__)
LONGEST_HEADING = 500
ROWS = 512
_MOVE = """
UPDATE agents_chunk c SET ordinal = t.ordinal, page = t.page, start = t.start, "end" = t.stop
FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[]) AS t(id, ordinal, page, start, stop)
WHERE c.id = t.id AND (c.ordinal, c.page, c.start, c."end") IS DISTINCT FROM (t.ordinal, t.page, t.start, t.stop)
"""


class SpacesChanged(Conflict):
    """The knowledge base has got another vector space meanwhile: embed the texts again."""

    code = "vector_spaces_changed"


def embedded(
    base: KnowledgeBase, texts: Sequence[str], tell: Callable[[float], object] | None = None, **how: Any
) -> Embedded:
    """Return the vectors of ``texts`` in each space of the knowledge base; ``tell`` is told the share that is done.

    Asks models, so no transaction may be open; ``how`` as ProvidedEmbedder takes it. Where the model of a space that is being
    built does not answer, its vectors are None: nobody waits for it. Raises EmbedderUnknown and what models raise.
    """
    wanted = spaces.opened(base, **how)
    found: dict[UUID, Vectors | None] = {}
    for number, space in enumerate(wanted):

        def told(share: float, before: int = number) -> None:
            if tell:
                tell((before + share) / len(wanted))

        try:
            found[space.pk] = _of(space, texts, told, how) if space.dimensions else None
        except REFUSALS as error:
            if space.state == VectorSpace.State.SERVING:
                raise
            log.warning("vectors are left to the building of their space", extra={"reason": error.code})
            found[space.pk] = None
    return found


def _of(space: VectorSpace, texts: Sequence[str], told: Callable[[float], None], how: Mapping[str, Any]) -> Vectors:
    import numpy

    batches = [numpy.empty((0, space.dimensions), numpy.float32)]
    if texts:
        model = spaces.embedder_of(space, **how)
        for begin in range(0, len(texts), model.batch):
            batches.append(model.embed(texts[begin : begin + model.batch]))
            told(min(begin + model.batch, len(texts)) / len(texts))
    return numpy.concatenate(batches)


def update(document: Document, kept: Mapping[int, Piece], new: Sequence[Piece], vectors: Embedded) -> None:
    """Make the document's chunks ``kept`` (by id, at their new places) and ``new``; all others go. In the caller's transaction.

    ``vectors`` are those of ``new``. Raises SpacesChanged when a space is missing in them, or serves by now and has none.
    """
    base = document.knowledge_base
    with transaction.atomic():
        spaces.share(base)
        into = spaces.written(base)
        if new and any(_is_missed(space, vectors) for space in into):
            raise SpacesChanged
        gone = Chunk.objects.filter(document=document).exclude(pk__in=list(kept))
        _remove(list(gone.values_list("pk", flat=True)), document, into)
        _move(kept)
        rows = Chunk.objects.bulk_create([_row(document, piece) for piece in new], batch_size=ROWS)
        for space in into if rows else ():
            if (own := vectors[space.pk]) is None:
                _leave(space, rows)
                continue
            place(space, [Entry(row.pk, document.pk, vector) for row, vector in zip(rows, own, strict=True)])
        count(base.pk, [row.pk for row in rows])
    _look_at_indexes(into)


def _is_missed(space: VectorSpace, vectors: Embedded) -> bool:
    own = vectors.get(space.pk)
    # One that is being built comes to the rows by itself; one that took over since it was asked does not.
    return own is None and (space.pk not in vectors or space.state == VectorSpace.State.SERVING)


def forget(documents: QuerySet[Document]) -> None:
    """Delete the chunks of ``documents``, from every store too. In the transaction that deletes the documents."""
    with transaction.atomic():
        for document in documents.select_related("knowledge_base"):
            spaces.share(document.knowledge_base)
            ids = list(Chunk.objects.filter(document=document).values_list("pk", flat=True))
            _remove(ids, document, spaces.written(document.knowledge_base))


def forget_knowledge(base: KnowledgeBase) -> None:
    """Delete all chunks of the knowledge base, from every store too, at a cost that does not grow with their words."""
    spaces.own(base)
    forget_words(base.pk)
    Chunk.objects.filter(knowledge_base=base).delete()
    note_cleared(base)


def _remove(ids: list[int], document: Document, of: Sequence[VectorSpace]) -> None:
    if not ids:
        return
    discount(document.knowledge_base_id, ids)
    # The rows go first: whoever copies a chunk's vector elsewhere holds its row, and has told the store by then.
    Chunk.objects.filter(pk__in=ids).delete()
    for space in of:
        if vector_store(space.store).is_outside:
            note_gone(space, document.pk, ids)


def _move(kept: Mapping[int, Piece]) -> None:
    if not kept:
        return
    places = [(piece.position, piece.page, piece.start, piece.end) for piece in kept.values()]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [list(kept), *map(list, zip(*places, strict=True))])


def place(space: VectorSpace, entries: Sequence[Entry]) -> None:
    """Put vectors into a space: now, or, where its store is outside, after the commit."""
    store = vector_store(space.store)
    if store.is_outside:
        note_vectors(space, entries)
    else:
        store.put(space, entries)


def _leave(space: VectorSpace, rows: Sequence[Chunk]) -> None:
    """Have whoever builds the space come to these rows, also when it has passed them."""
    before = min(row.pk for row in rows) - 1
    VectorSpace.objects.filter(pk=space.pk, cursor__gt=before).update(cursor=before)


def _look_at_indexes(of: Sequence[VectorSpace]) -> None:
    from agents.knowledge.stores.indexing import look_at

    for space in of:
        look_at(space)


def _row(document: Document, piece: Piece) -> Chunk:
    return Chunk(
        document=document,
        knowledge_base_id=document.knowledge_base_id,
        ordinal=piece.position,
        heading=" > ".join(piece.headings)[:LONGEST_HEADING],
        lead=getattr(piece, "lead", ""),
        page=piece.page,
        start=piece.start,
        end=piece.end,
        tokens=getattr(piece, "tokens", 0),
        text=piece.text,
        content_hash=piece.digest,
    )
