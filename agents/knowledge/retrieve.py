"""A question becomes passages: what means the same and what says the same words, from what the reader may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agents.knowledge.asking import reordered, rewritten
from agents.knowledge.choosing import diverse, varied, with_neighbours
from agents.knowledge.errors import KnowledgeBaseMissing
from agents.knowledge.legs import Found, both
from agents.knowledge.options import options_of
from agents.knowledge.parsing.decoding import clean
from agents.knowledge.readers import Reader, Within, current_reader
from agents.models import Chunk, DocumentText, KnowledgeBase

MOST_PASSAGES = 50
_CHOICE = 3
"""From that many times the passages wanted those are chosen that come from more than one document."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk. ``ref`` names it in a prompt and a citation; ``start`` and ``end`` count characters of the document."""

    chunk_id: int
    ref: str
    document_id: UUID
    document_title: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str
    score: float
    lead: str = ""
    """What stands before the text wherever it is read: the names of a table's columns."""


def retrieve(knowledge_base_slug: str, query: str, *, limit: int = 6, **how: Any) -> list[Passage]:
    """Return up to ``limit`` passages for ``query`` that whoever started the run may read, the best first.

    Raises KnowledgeBaseMissing for an unknown knowledge base.
    """
    base = KnowledgeBase.objects.filter(slug=knowledge_base_slug).first()
    if base is None:
        message = f"There is no knowledge base {knowledge_base_slug!r} here any more."
        raise KnowledgeBaseMissing(message, details={"knowledge_base": knowledge_base_slug})
    return search(base, query, limit=limit, reader=current_reader(), **how)


def search(knowledge_base: KnowledgeBase, query: str, *, reader: Reader, limit: int = 6, **how: Any) -> list[Passage]:
    """Return up to ``limit`` passages of ``knowledge_base`` that ``reader`` may read, the best first; none for a blank query."""
    return looked_up(knowledge_base, query, reader=reader, limit=limit, **how)[1]


def looked_up(
    base: KnowledgeBase,
    query: str,
    *,
    reader: Reader,
    limit: int = 6,
    metadata: Mapping[str, Any] | None = None,
    neighbours: int | None = None,
    variety: float | None = None,
    rerank: Mapping[str, str] | None = None,
    rewrite: Mapping[str, str] | None = None,
) -> tuple[Found, list[Passage]]:
    """Return what the legs brought, and the passages that were chosen of it; what is not said, the knowledge base says."""
    query, limit = clean(query), min(limit, MOST_PASSAGES)
    if not query.strip() or limit < 1:
        return Found({}), []
    options = options_of(base.retrieval, neighbours=neighbours, variety=variety, rerank=rerank, rewrite=rewrite)
    within = Within(base.pk, reader, metadata or {}).needed()
    found = both(base, rewritten(query, options.rewrite), limit * _CHOICE, within=within, reader=reader)
    scores = dict(found.scores)
    chunks = reordered(query, _readable(found, limit, within), options.rerank)
    if options.rerank:
        scores |= {chunk.pk: 1 / (1 + rank) for rank, chunk in enumerate(chunks)}
    chosen = (
        varied(base, chunks, scores, limit, options.variety) if options.variety else [*diverse(chunks, scores, limit)]
    )
    passages = [passage_of(chunk, number, scores[chunk.pk]) for number, chunk in enumerate(chosen, 1)]
    return found, _widened(passages, chosen, options.neighbours) if options.neighbours else passages


def _readable(found: Found, limit: int, within: Within | None) -> Sequence[Chunk]:
    """Return the best chunks, the best first. The reader is asked about once more: stores outside know nothing of readers."""
    best = sorted(found.scores, key=lambda key: (-found.scores[key], key))[: limit * _CHOICE]
    chunks = Chunk.objects.select_related("document")
    rows = (within.of(chunks) if within else chunks).in_bulk(best)
    return [rows[key] for key in best if key in rows]


def _widened(passages: Sequence[Passage], chunks: Sequence[Chunk], by: int) -> list[Passage]:
    """Return the passages with the chunks around each of them."""
    places = with_neighbours(chunks, by)
    texts = dict(DocumentText.objects.filter(document__in={one.document_id for one in passages}).values_list())
    wide: list[Passage] = []
    for passage in passages:
        start, end, lead = places[passage.chunk_id]
        if text := texts.get(passage.document_id):
            passage = replace(passage, start=start, end=end, text=text[start:end], lead=lead)
        wide.append(passage)
    return wide


def passage_of(chunk: Chunk, number: int, score: float) -> Passage:
    """Return the chunk as the passage with that number."""
    document = chunk.document
    return Passage(
        chunk_id=chunk.pk,
        ref=f"D{number}",
        document_id=document.pk,
        document_title=document.title or document.name,
        heading=chunk.heading,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=score,
        lead=chunk.lead,
    )
