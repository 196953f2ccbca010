"""A question becomes passages: what means the same and what says the same words, fused, from more than one document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from uuid import UUID

from agents.knowledge.embedding import embedder
from agents.knowledge.errors import KnowledgeBaseMissing
from agents.knowledge.parsing.decoding import clean
from agents.knowledge.stores import vector_store
from agents.knowledge.words import by_words
from agents.models import Chunk, KnowledgeBase

MOST_PASSAGES = 50
_CANDIDATES = 5
"""Each leg brings that many times the passages wanted, so that fusing has a choice."""
_CHOICE = 3
"""And from that many times the passages wanted those are chosen that come from more than one document."""
_RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009)."""
_SAME_DOCUMENT = 0.9
"""What a further passage of a document is worth against the one before: near ties go to another document."""


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


def retrieve(knowledge_base_slug: str, query: str, *, limit: int = 6) -> list[Passage]:
    """Return up to ``limit`` passages for ``query``, the best first; raise KnowledgeBaseMissing for an unknown one."""
    base = KnowledgeBase.objects.filter(slug=knowledge_base_slug).first()
    if base is None:
        message = f"There is no knowledge base {knowledge_base_slug!r} here any more."
        raise KnowledgeBaseMissing(message, details={"knowledge_base": knowledge_base_slug})
    return search(base, query, limit=limit)


def search(knowledge_base: KnowledgeBase, query: str, *, limit: int = 6) -> list[Passage]:
    """Return up to ``limit`` passages of ``knowledge_base``, the best first; none for a blank query."""
    query, limit = clean(query), min(limit, MOST_PASSAGES)
    if not query.strip() or limit < 1:
        return []
    vector = embedder(knowledge_base.embedding_model).embed([query])[0]
    near = [hit.chunk_id for hit in vector_store().nearest(knowledge_base.pk, vector, limit * _CANDIDATES)]
    scores = fused(near, by_words(knowledge_base.pk, query, limit * _CANDIDATES))
    best = nlargest(limit * _CHOICE, scores, key=lambda chunk: scores[chunk])
    chunks = Chunk.objects.select_related("document").defer("embedding", "words").in_bulk(best)
    return [
        _passage(chunk, number, scores[chunk.pk]) for number, chunk in enumerate(_diverse(chunks, scores, limit), 1)
    ]


def fused(*rankings: Sequence[int]) -> dict[int, float]:
    """Return a score for every id in ``rankings`` (best first each): the sum of its reciprocal ranks."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(ranking, 1):
            scores[key] += 1 / (_RANK_OFFSET + rank)
    return dict(scores)


def _diverse(chunks: dict[int, Chunk], scores: dict[int, float], limit: int) -> Iterable[Chunk]:
    """Take the best chunk again and again, each document's next one discounted, and no text twice."""
    left = sorted(chunks.values(), key=lambda chunk: -scores[chunk.pk])
    taken: Counter[UUID] = Counter()
    texts: set[str] = set()
    while left and limit:
        best = max(left, key=lambda chunk: scores[chunk.pk] * _SAME_DOCUMENT ** taken[chunk.document_id])
        left.remove(best)
        if best.text not in texts:
            taken[best.document_id] += 1
            texts.add(best.text)
            limit -= 1
            yield best


def _passage(chunk: Chunk, number: int, score: float) -> Passage:
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
    )
