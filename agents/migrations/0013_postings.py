"""Which word is in which chunk how often is kept as rows of numbers, in place of a tsvector in each chunk."""

from __future__ import annotations

from django.db import migrations, models

# The numbers are in the index itself: a search reads nothing else.
IN_THE_INDEX = """
ALTER TABLE agents_posting DROP CONSTRAINT agents_posting_pkey;
ALTER TABLE agents_posting ADD PRIMARY KEY (word_id, chunk_id) INCLUDE (times, length);
"""
COUNT = """
INSERT INTO agents_wordcount (knowledge_base_id, lexeme, chunks, words)
SELECT knowledge_base_id, '', count(*), 0 FROM agents_chunk GROUP BY 1
UNION ALL
SELECT c.knowledge_base_id, w.lexeme, count(*), 0 FROM agents_chunk c, unnest(c.words) w GROUP BY 1, 2;
"""
CARRY = """
INSERT INTO agents_posting (word_id, chunk_id, times, length)
SELECT w.id, c.id, cardinality(u.positions), (SELECT sum(cardinality(positions)) FROM unnest(c.words))
FROM agents_chunk c, unnest(c.words) u, agents_wordcount w
WHERE w.knowledge_base_id = c.knowledge_base_id AND w.lexeme = u.lexeme;
UPDATE agents_wordcount w SET words = (
  SELECT coalesce(sum(cardinality(u.positions)), 0) FROM agents_chunk c, unnest(c.words) u
  WHERE c.knowledge_base_id = w.knowledge_base_id
) WHERE lexeme = '';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    """Postings."""

    dependencies = [("agents", "0012_task_policies")]
    operations = [
        migrations.RunSQL("DELETE FROM agents_wordcount", migrations.RunSQL.noop),
        migrations.DeleteModel(name="WordCount"),
        migrations.CreateModel(
            name="WordCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "knowledge_base",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.deletion.CASCADE,
                        related_name="+",
                        to="agents.knowledgebase",
                    ),
                ),
                ("lexeme", models.CharField(max_length=2100)),
                ("chunks", models.IntegerField()),
                ("words", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("knowledge_base", "lexeme"), name="word_once_a_knowledge_base")
                ]
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "word_id", "chunk_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("word_id", models.BigIntegerField()),
                ("chunk_id", models.BigIntegerField()),
                ("times", models.SmallIntegerField()),
                ("length", models.SmallIntegerField()),
            ],
        ),
        migrations.RunSQL(IN_THE_INDEX, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT + CARRY, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="chunk", name="chunk_words"),
        migrations.RemoveField(model_name="chunk", name="words"),
    ]
