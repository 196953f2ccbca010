"""Why a search found what it found: what each leg thought of every passage, and which words it was looked for with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.knowledge.legs import Found
from agents.knowledge.readers import Reader, Within
from agents.knowledge.retrieve import Passage, looked_up
from agents.knowledge.words import counted, held
from agents.models import Chunk, KnowledgeBase


@dataclass(frozen=True, slots=True)
class Leg:
    """What one leg thought: the rank (1 is the best) and its own score; None where it did not bring the chunk."""

    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why a passage is there: both legs, the rank of their fusion, and the words that it holds."""

    passage: Passage
    lexical: Leg
    dense: Leg
    fused: int
    words: Sequence[str]
    more_words: Sequence[str]
    """Those that the question does not hold; its first answers do."""


@dataclass(frozen=True, slots=True)
class SoughtWord:
    """A word that was looked for."""

    word: str
    weight: float
    chunks: int
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """A search and why it came out so."""

    results: Sequence[Why]
    words: Sequence[SoughtWord]
    chunks: int
    """Of the knowledge base, as far as the reader may read them."""
    amiss: str = ""
    """Why meaning was not asked, where words alone answered."""


def explained(base: KnowledgeBase, query: str, *, reader: Reader, limit: int = 6, **how: Any) -> Explanation:
    """Search, and say why."""
    found, passages = looked_up(base, query, reader=reader, limit=limit, **how)
    in_chunk = held([passage.chunk_id for passage in passages], found.words) if found.words else {}
    lexical, dense, fused = (_ranks(scores) for scores in (found.lexical, found.dense, found.scores))
    results = []
    for passage in passages:
        key, words = passage.chunk_id, in_chunk.get(passage.chunk_id, [])
        results.append(
            Why(
                passage,
                Leg(lexical.get(key), found.lexical.get(key)),
                Leg(dense.get(key), found.dense.get(key)),
                fused[key],
                [word for word in words if word in found.asked],
                [word for word in words if word not in found.asked],
            )
        )
    within = Within(base.pk, reader).needed()
    return Explanation(results, _words(found, within), _chunks(base, found, within), found.amiss)


def _words(found: Found, within: Within | None) -> list[SoughtWord]:
    """Count words in what the reader may read: that a closed document has one is nobody else's business."""
    counts = {word.id: word.chunks for word in found.words} if within is None else counted(found.words, within)
    words = [
        SoughtWord(word.lexeme, word.weight, counts[word.id], word.lexeme in found.asked)
        for word in found.words
        if word.id in counts
    ]
    return sorted(words, key=lambda word: (not word.is_asked, -word.weight))


def _chunks(base: KnowledgeBase, found: Found, within: Within | None) -> int:
    if within is not None:
        return within.of(Chunk.objects.filter(knowledge_base=base)).count()
    return found.lexicon.chunks if found.lexicon else 0


def _ranks(scores: Any) -> dict[int, int]:
    return {key: rank for rank, key in enumerate(sorted(scores, key=lambda one: (-scores[one], one)), 1)}
