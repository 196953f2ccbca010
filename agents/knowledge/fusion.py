"""Rankings become one, and the best of a first ranking say what else to look for (pseudo relevance feedback)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection

from agents.knowledge.counting import WORDS
from agents.knowledge.words import Lexicon, Word

RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009)."""
FIRST_WEIGHTS = (1.0, 0.5)
"""Words and meaning in the first ranking, and below in the last: measured on Cranfield, docs/decisions/0021."""
LAST_WEIGHTS, LAST_OFFSET = (1.0, 0.3), 10
TRUSTED = 5
"""So many of the first ranking count as answers."""
MORE_WORDS, SHARE = 20, 0.4
"""So many of their words are looked for as well, with this share of the whole weight (RM3, Abdul-Jaleel and others 2004)."""
DRAWN = 0.4
"""How far the question's vector moves towards theirs (Rocchio 1971)."""

_OFFERED = f"""
SELECT n.id, lexeme, share, chunks FROM (
  SELECT w.lexeme, sum(t.trust * cardinality(w.positions) / c.tokens) AS share
  FROM unnest(%s::bigint[], %s::float8[]) AS t(id, trust) JOIN (
    SELECT c.id, words, (SELECT sum(cardinality(positions)) FROM unnest(words)) AS tokens
    FROM agents_chunk c CROSS JOIN LATERAL (SELECT {WORDS} AS words OFFSET 0) found WHERE c.id = ANY(%s) OFFSET 0
  ) c USING (id), unnest(c.words) w GROUP BY 1
) said JOIN agents_wordcount n USING (lexeme)
WHERE n.knowledge_base_id = %s AND n.chunks > 0
ORDER BY share * ln(1 + (greatest(%s, n.chunks) - n.chunks + 0.5) / (n.chunks + 0.5)) DESC, lexeme LIMIT %s
"""


def fused(*rankings: Sequence[int], weights: Sequence[float] = (), offset: int = RANK_OFFSET) -> dict[int, float]:
    """Return a score for every id in ``rankings`` (best first each): the weighted sum of its reciprocal ranks."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, key in enumerate(ranking, 1):
            scores[key] += weight / (offset + rank)
    return dict(scores)


def best(scores: Mapping[int, float], number: int) -> list[int]:
    """Return the ids with the highest scores, the best first; of equals the older."""
    return sorted(scores, key=lambda key: (-scores[key], key))[:number]


def expanded(lexicon: Lexicon, words: Sequence[Word], trusted: Sequence[int]) -> list[Word]:
    """Return the question's words and those that the ``trusted`` chunks (best first) are about, weighted to a sum of 1."""
    trust = [1 / rank for rank, _ in enumerate(trusted, 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            _OFFERED, [list(trusted), trust, list(trusted), lexicon.knowledge_base, lexicon.chunks, MORE_WORDS]
        )
        offered = cursor.fetchall()
    worth = {lexeme: share * lexicon.rarity(chunks) for _, lexeme, share, chunks in offered}
    weights: defaultdict[str, float] = defaultdict(float)
    known = {word.lexeme: (word.id, word.chunks) for word in words}
    known |= {lexeme: (key, chunks) for key, lexeme, _, chunks in offered}
    for word in words:
        weights[word.lexeme] += (1 - SHARE) * word.weight / (sum(one.weight for one in words) or 1)
    for lexeme, value in worth.items():
        weights[lexeme] += SHARE * value / (sum(worth.values()) or 1)
    return [Word(known[lexeme][0], lexeme, weight, known[lexeme][1]) for lexeme, weight in weights.items()]


def drawn(vector: Sequence[float], towards: Sequence[Sequence[float]]) -> list[float]:
    """Return ``vector`` moved towards the mean of the others."""
    if not towards:
        return list(vector)
    means = [sum(column) / len(towards) for column in zip(*towards, strict=True)]
    return [(1 - DRAWN) * own + DRAWN * mean for own, mean in zip(vector, means, strict=True)]
