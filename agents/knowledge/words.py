"""The lexical leg of retrieval: chunks that say the words of a question, rare words counting more.

PostgreSQL's ranking knows no rarity, so each word's rank is weighted by its inverse document frequency, which the
planner's own statistics give for nothing. The same figures keep the cost in bounds: ranking a row takes microseconds, a
common word of a large knowledge base is in nearly every row, and says nothing.
"""

from __future__ import annotations

import math
from uuid import UUID

from django.db import connection

MOST_WORDS = 24
MOST_RANKED = 3_000
"""About how many rows are ranked for one question, by the planner's estimate."""

_FREQUENCIES = """
WITH common AS (
  SELECT unnest(most_common_elems::text::text[]) AS lexeme, unnest(most_common_elem_freqs) AS frequency
  FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'agents_chunk' AND attname = 'words'
)
SELECT asked.lexeme,
       coalesce(common.frequency, (SELECT min(frequency) / 2 FROM common WHERE lexeme IS NOT NULL), 0.001),
       (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = 'agents_chunk'::regclass)
FROM unnest(to_tsvector('english', %s)) AS asked LEFT JOIN common USING (lexeme)
ORDER BY 2, 1 LIMIT %s
"""
_RANKED = """
SELECT id FROM agents_chunk
WHERE knowledge_base_id = %s AND words @@ %s::tsquery
ORDER BY (
  SELECT sum(weight * ts_rank(words, lexeme, 1)) FROM unnest(%s::text[]::tsquery[], %s::float8[]) AS asked(lexeme, weight)
) DESC, id LIMIT %s
"""


def by_words(knowledge_base: UUID, query: str, limit: int) -> list[int]:
    """Return the ids of up to ``limit`` chunks that hold words of ``query``, the best first."""
    with connection.cursor() as cursor:
        cursor.execute(_FREQUENCIES, [query, MOST_WORDS])
        weights = _affordable(cursor.fetchall())
        if not weights:
            return []
        lexemes = list(weights)
        cursor.execute(_RANKED, [knowledge_base, " | ".join(lexemes), lexemes, list(weights.values()), limit])
        return [row[0] for row in cursor.fetchall()]


def _affordable(words: list[tuple[str, float, float]]) -> dict[str, float]:
    """Return quoted lexemes with their weights, from the rarest on, as far as MOST_RANKED rows allow; one at least."""
    weights: dict[str, float] = {}
    expected = 0.0
    for lexeme, frequency, rows in words:
        expected += frequency * rows
        if weights and expected > MOST_RANKED:
            break
        weights[_quoted(lexeme)] = -math.log(min(frequency, 0.99))
    return weights


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
