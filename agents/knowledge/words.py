"""The lexical leg of retrieval: BM25 inside PostgreSQL, over the words of chunks and the counts kept of them.

Robertson and Zaragoza (2009): for each word of the question idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / average)).
PostgreSQL's own ranking knows no rarity; and asking each chunk how often it says a word costs ten times what reading postings does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db import connection

from agents.knowledge.counting import EVERY, words_in
from agents.knowledge.readers import Within

K1, B = 1.5, 0.75
MOST_WORDS = 48
MOST_READ = 20_000
"""Postings read for one ranking, those of the rarest words first: what is in nearly every chunk says nothing."""

_ASKED = f"""
SELECT w.id, lexeme, cardinality(positions), w.chunks, 0
FROM unnest({words_in("%(query)s::text")}) JOIN agents_wordcount w USING (lexeme) WHERE w.knowledge_base_id = %(base)s
UNION ALL SELECT id, lexeme, 0, chunks, words FROM agents_wordcount WHERE knowledge_base_id = %(base)s AND lexeme = ''
"""
# Said to be float8: a number with a point would be numeric, whose arithmetic takes three times as long as all the rest.
_RANKED = """
SELECT p.chunk_id, sum(a.weight * p.times / (p.times + %s::float8 + %s::float8 * p.length)) AS score
FROM unnest(%s::bigint[], %s::float8[]) AS a(word_id, weight) JOIN agents_posting p USING (word_id){joined}
WHERE true{wanted} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""
_COUNTED = """
SELECT p.word_id, count(*) FROM agents_posting p{joined} WHERE p.word_id = ANY(%s){wanted} GROUP BY 1
"""
_HELD = """
SELECT p.chunk_id, array_agg(w.lexeme ORDER BY w.lexeme) FROM agents_posting p JOIN agents_wordcount w ON w.id = p.word_id
WHERE p.word_id = ANY(%s) AND p.chunk_id = ANY(%s) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Word:
    """A word to look for: its stem, what it counts in the question, in how many chunks it is."""

    id: int
    lexeme: str
    weight: float
    chunks: int


@dataclass(frozen=True)
class Lexicon:
    """What is known of a knowledge base's words."""

    knowledge_base: UUID
    chunks: int
    words: int

    @cached_property
    def average(self) -> float:
        """Words a chunk, on average."""
        return max(1.0, self.words / max(1, self.chunks))

    def rarity(self, chunks: int) -> float:
        """Return the inverse document frequency of a word that so many chunks hold; never negative."""
        chunks = min(max(chunks, 0), self.chunks)
        return math.log(1 + (self.chunks - chunks + 0.5) / (chunks + 0.5))


def asked(knowledge_base: UUID, query: str) -> tuple[Lexicon, list[Word]]:
    """Return what is known of the words of ``query`` in that knowledge base; a word that is nowhere in it is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKED, {"query": query, "base": knowledge_base})
        rows = cursor.fetchall()
    every = next(((chunks, words) for _, lexeme, _, chunks, words in rows if lexeme == EVERY), (0, 0))
    words = [
        Word(key, lexeme, times, chunks) for key, lexeme, times, chunks, _ in rows if lexeme != EVERY and chunks > 0
    ]
    return Lexicon(knowledge_base, *every), words


def ranked(
    lexicon: Lexicon, words: Iterable[Word], limit: int, *, within: Within | None = None
) -> list[tuple[int, float]]:
    """Return ids and scores of up to ``limit`` chunks that hold some of ``words``, the best first."""
    chosen = _affordable(sorted(words, key=lambda word: -word.weight * lexicon.rarity(word.chunks))[:MOST_WORDS])
    if not chosen:
        return []
    weights = [word.weight * lexicon.rarity(word.chunks) * (K1 + 1) for word in chosen]
    joined, wanted, values = ("", "", []) if within is None else within.joined("p.chunk_id")
    given = [K1 * (1 - B), K1 * B / lexicon.average, [word.id for word in chosen], weights, *values, limit]
    with connection.cursor() as cursor:
        cursor.execute(_RANKED.format(joined=joined, wanted=wanted), given)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def counted(words: Iterable[Word], within: Within) -> dict[int, int]:
    """Return in how many chunks of those documents each of ``words`` is, by its id; what is in none is left out."""
    joined, wanted, values = within.joined("p.chunk_id")
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(joined=joined, wanted=wanted), [[word.id for word in words], *values])
        return dict(cursor.fetchall())


def held(chunk_ids: Sequence[int], words: Iterable[Word]) -> dict[int, list[str]]:
    """Return which of ``words`` each of the chunks holds."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [[word.id for word in words], list(chunk_ids)])
        return dict(cursor.fetchall())


def _affordable(words: list[Word]) -> list[Word]:
    """Return the rarest of the words, as far as reading their postings is affordable; one at least."""
    chosen, read = list[Word](), 0
    for word in sorted(words, key=lambda word: word.chunks):
        read += word.chunks
        if chosen and read > MOST_READ:
            break
        chosen.append(word)
    return chosen
