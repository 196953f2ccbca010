"""Recall: what is similar, recent and important comes first, out of what may come to this mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils import timezone
from pgvector.django import CosineDistance

from agents.knowledge.embedding import embedder
from agents.memory.mind import Mind
from agents.memory.strength import recency, score
from agents.models import Memory
from agents.models.memory import MemoryQuerySet

USUAL, MOST = 6, 50
CANDIDATES = 100
LEAST_SIMILAR = 0.15
"""Below this two texts have nothing to do with each other in the bundled model."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory, and why it came: each part 0 to 1, and the score that is made of them."""

    memory: Memory
    score: float
    similarity: float
    recency: float
    importance: float


def recall(mind: Mind, query: str, *, limit: int = USUAL) -> list[Recalled]:
    """Return what comes to this mind, the best first, and note that it did, which keeps it fresh."""
    found = ranked(Memory.objects.alive().within(mind), query, limit=limit)
    if found:
        chosen = Memory.objects.filter(pk__in=[one.memory.pk for one in found])
        chosen.update(recalls=F("recalls") + 1, recalled_at=timezone.now())
    return found


def ranked(memories: MemoryQuerySet, query: str, *, limit: int = USUAL) -> list[Recalled]:
    """Return the best of ``memories`` for the query; nothing is noted. None for a blank query."""
    if not query.strip():
        return []
    [vector] = vectors([query])
    near = _nearest(memories, vector)
    now = timezone.now()
    scored = [_scored(memory, now) for memory in near if memory.similarity >= LEAST_SIMILAR]  # type: ignore[attr-defined]
    return sorted(scored, key=lambda one: -one.score)[: min(limit, MOST)]


def vectors(texts: Sequence[str]) -> list[list[float]]:
    """Return a vector of length 1 for each text."""
    return [list(map(float, row)) for row in embedder().embed(list(texts))]


def _nearest(memories: MemoryQuerySet, vector: list[float]) -> QuerySet[Memory]:
    """All that may come to a mind is compared: what a person's runs keep is bounded, see ``actions.memories``."""
    similar = 1 - CosineDistance("embedding", vector)
    return memories.annotate(similarity=similar).defer("embedding").order_by("-similarity", "-id")[:CANDIDATES]


def _scored(memory: Memory, now: datetime) -> Recalled:
    similarity: float = memory.similarity  # type: ignore[attr-defined]
    fresh = recency(memory.recalled_at or memory.created_at, now)
    return Recalled(memory, score(similarity, fresh, memory.importance), similarity, fresh, memory.importance)
