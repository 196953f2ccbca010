"""What is written in scripts without spaces is counted anew, by each two signs: as whole clauses nobody found it."""

from __future__ import annotations

from django.db import migrations

DENSE = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
TEXT = "(c.heading || ' ' || c.text)"
PAIRS = f"""SELECT string_agg(substr(run[1], at, 2), ' ')
  FROM regexp_matches({TEXT}, '{DENSE}', 'g') run, generate_series(1, greatest(1, length(run[1]) - 1)) at"""
WORDS = f"""to_tsvector('english', regexp_replace({TEXT}, '{DENSE}', ' ', 'g')) || to_tsvector('simple', ({PAIRS}))"""
SAID = f"""agents_chunk c CROSS JOIN LATERAL (SELECT {WORDS} AS words OFFSET 0) s CROSS JOIN LATERAL unnest(s.words) u
WHERE {TEXT} ~ '{DENSE}'"""
BASES = f"(SELECT c.knowledge_base_id FROM agents_chunk c WHERE {TEXT} ~ '{DENSE}')"
COUNT = f"""
DELETE FROM agents_posting p USING agents_chunk c WHERE p.chunk_id = c.id AND {TEXT} ~ '{DENSE}';
INSERT INTO agents_wordcount (knowledge_base_id, lexeme, chunks, words)
SELECT DISTINCT c.knowledge_base_id, u.lexeme, 0, 0 FROM {SAID} ON CONFLICT DO NOTHING;
INSERT INTO agents_posting (word_id, chunk_id, times, length)
SELECT w.id, said.id, said.times, sum(said.times) OVER (PARTITION BY said.id)
FROM (SELECT c.id, c.knowledge_base_id, u.lexeme, cardinality(u.positions) AS times FROM {SAID}) said
JOIN agents_wordcount w ON w.knowledge_base_id = said.knowledge_base_id AND w.lexeme = said.lexeme;
UPDATE agents_wordcount w SET chunks = (SELECT count(*) FROM agents_posting p WHERE p.word_id = w.id)
WHERE w.lexeme <> '' AND w.knowledge_base_id IN {BASES};
UPDATE agents_wordcount w SET words = (
  SELECT coalesce(sum(p.times), 0) FROM agents_posting p JOIN agents_wordcount o ON o.id = p.word_id
  WHERE o.knowledge_base_id = w.knowledge_base_id
) WHERE w.lexeme = '' AND w.knowledge_base_id IN {BASES};
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    """Nothing where no such script is."""

    dependencies = [("agents", "0018_document_waiting")]
    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
