"""The words of chunks, and in how many chunks each is, kept in step with the chunks: what makes a rare word count more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

EVERY = ""
"""Counts the chunks themselves, and all their words."""
# Thai, Lao, Burmese, Khmer, kana, Han, Hangul: no spaces between words, or words that hold more than one.
_DENSE = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"


def words_in(text: str) -> str:
    """Return the SQL of the words of what the SQL ``text`` says: stems, and of scripts without spaces each two signs in a row.

    PostgreSQL takes a whole clause of such a script for one word, which nobody asks for.
    """
    pairs = f"""SELECT coalesce(string_agg(substr(run[1], at, 2), ' '), '')
      FROM regexp_matches({text}, '{_DENSE}', 'g') run, generate_series(1, greatest(1, length(run[1]) - 1)) at"""
    return f"""CASE WHEN {text} ~ '{_DENSE}'
      THEN to_tsvector('english', regexp_replace({text}, '{_DENSE}', ' ', 'g')) || to_tsvector('simple', ({pairs}))
      ELSE to_tsvector('english', {text}) END"""


WORDS = words_in("(c.heading || ' ' || c.text)")
"""The words of a row ``c`` of chunks, in SQL."""

_SAID = f"""
WITH chunk AS MATERIALIZED (SELECT c.id, {WORDS} AS words FROM agents_chunk c WHERE c.id = ANY(%(ids)s)),
said AS MATERIALIZED (SELECT c.id, w.lexeme, cardinality(w.positions) AS times FROM chunk c, unnest(c.words) w)
"""
_KNOW = f"""
{_SAID} INSERT INTO agents_wordcount (knowledge_base_id, lexeme, chunks, words)
SELECT DISTINCT %(base)s::uuid, lexeme, 0, 0 FROM said ORDER BY 2 ON CONFLICT DO NOTHING
"""
_POST = f"""
{_SAID} INSERT INTO agents_posting (word_id, chunk_id, times, length)
SELECT w.id, s.id, s.times, sum(s.times) OVER (PARTITION BY s.id)
FROM said s JOIN agents_wordcount w ON w.knowledge_base_id = %(base)s AND w.lexeme = s.lexeme
"""
_TAKE_DOWN = f"""
{_SAID} DELETE FROM agents_posting p USING said s JOIN agents_wordcount w ON w.knowledge_base_id = %(base)s AND w.lexeme = s.lexeme
WHERE p.word_id = w.id AND p.chunk_id = s.id
"""
# In the order of the words, so that two documents that are indexed at once wait for each other in one direction only.
_CHANGE = f"""
{_SAID} INSERT INTO agents_wordcount AS w (knowledge_base_id, lexeme, chunks, words)
SELECT %(base)s::uuid, * FROM (
  SELECT lexeme, %(sign)s * count(*), 0 FROM said GROUP BY 1
  UNION ALL SELECT '', %(sign)s * (SELECT count(*) FROM chunk), %(sign)s * coalesce((SELECT sum(times) FROM said), 0)
) changed ORDER BY 2
ON CONFLICT (knowledge_base_id, lexeme) DO UPDATE SET chunks = w.chunks + excluded.chunks, words = w.words + excluded.words
"""
_FORGET = "DELETE FROM agents_posting p USING agents_wordcount w WHERE w.knowledge_base_id = %s AND p.word_id = w.id"


def count(knowledge_base: UUID, chunk_ids: Sequence[int]) -> None:
    """Count the words of these new chunks. Last in a transaction: others who count the same words wait for its end."""
    _run(knowledge_base, chunk_ids, _KNOW, _POST, _CHANGE, sign=1)


def discount(knowledge_base: UUID, chunk_ids: Sequence[int]) -> None:
    """Count the words of these chunks no more, which are still there."""
    _run(knowledge_base, chunk_ids, _TAKE_DOWN, _CHANGE, sign=-1)


def forget_words(knowledge_base: UUID) -> None:
    """Delete which words are where in the whole knowledge base."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [knowledge_base])


def _run(knowledge_base: UUID, chunk_ids: Sequence[int], *statements: str, sign: int) -> None:
    if not chunk_ids:
        return
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, {"ids": list(chunk_ids), "base": knowledge_base, "sign": sign})
