"""From the best chunks those are chosen that a reader is given: no text twice, several documents, variety where it is wanted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from agents.knowledge import spaces
from agents.knowledge.errors import StoreUnavailable
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.base import Vector
from agents.models import Chunk, KnowledgeBase

log = logging.getLogger(__name__)
SAME_DOCUMENT = 0.9
"""What a further passage of a document is worth against the one before: near ties go to another document."""


def diverse(chunks: Sequence[Chunk], scores: Mapping[int, float], limit: int) -> Iterator[Chunk]:
    """Take the best chunk again and again, each document's next one discounted, and no text twice."""
    left = list(chunks)
    taken: Counter[UUID] = Counter()
    texts: set[str] = set()
    while left and limit:
        best = max(left, key=lambda chunk: scores[chunk.pk] * SAME_DOCUMENT ** taken[chunk.document_id])
        left.remove(best)
        if best.text not in texts:
            taken[best.document_id] += 1
            texts.add(best.text)
            limit -= 1
            yield best


def varied(
    base: KnowledgeBase, chunks: Sequence[Chunk], scores: Mapping[int, float], limit: int, variety: float
) -> list[Chunk]:
    """Take what is good and unlike what is taken (maximal marginal relevance, Carbonell and Goldstein 1998).

    What has no vector there yet counts by its score alone; where the store is away, all do.
    """
    vectors = _vectors(base, chunks)
    if not vectors:
        return [*diverse(chunks, scores, limit)]
    most = max(scores.values(), default=1) or 1
    left, taken = list(chunks), list[Chunk]()

    def worth(chunk: Chunk) -> float:
        own, others = vectors.get(chunk.pk), [vectors[other.pk] for other in taken if other.pk in vectors]
        alike = max((_cosine(own, other) for other in others), default=0) if own is not None else 0
        return (1 - variety) * scores[chunk.pk] / most - variety * alike

    while left and len(taken) < limit:
        taken.append(max(left, key=worth))
        left.remove(taken[-1])
    return taken


def _vectors(base: KnowledgeBase, chunks: Sequence[Chunk]) -> dict[int, Vector]:
    space = spaces.serving(base)
    if space is None:
        return {}
    try:
        return vector_store(space.store).fetch(space, [chunk.pk for chunk in chunks])
    except StoreUnavailable as error:
        log.warning("passages are not varied", extra={"space": str(space.pk), "reason": error.code})
        return {}


def with_neighbours(chunks: Sequence[Chunk], number: int) -> dict[int, tuple[int, int, str]]:
    """Return for each chunk where it begins and ends together with ``number`` chunks before and after it, and its lead then."""
    documents = {chunk.document_id for chunk in chunks}
    places: dict[tuple[UUID, int], tuple[int, int, str]] = {
        (document, ordinal): (start, end, lead)
        for document, ordinal, start, end, lead in Chunk.objects.filter(
            document__in=documents,
            ordinal__in={chunk.ordinal + by for chunk in chunks for by in range(-number, number + 1)},
        ).values_list("document_id", "ordinal", "start", "end", "lead")
    }
    found: dict[int, tuple[int, int, str]] = {}
    for chunk in chunks:
        around = [places.get((chunk.document_id, chunk.ordinal + by)) for by in range(-number, number + 1)]
        known = [place for place in around if place]
        first = min(known, key=lambda place: place[0])
        found[chunk.pk] = (first[0], max(place[1] for place in known), first[2])
    return found


def _cosine(one: Vector, other: Vector) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / ((sum(a * a for a in one) * sum(b * b for b in other)) ** 0.5 or 1)
