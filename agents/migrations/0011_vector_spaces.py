"""Vectors move out of the chunks into spaces of their own; words are counted; documents have readers."""

from __future__ import annotations

from typing import Any

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import pgvector.django
from django.conf import settings
from django.db import migrations, models
from django.db.models.constraints import Deferrable

import nexod.kernel.identifiers

STATES = [("building", "Building"), ("serving", "Serving"), ("retired", "Retired"), ("failed", "Failed")]
MODEL_HELP = "Name of an embedding model, such as wordllama-256"
CARRY = """
INSERT INTO agents_vectorspace (id, created_at, updated_at, knowledge_base_id, model, dimensions, half, store, state, index,
                                cursor, done, total)
SELECT gen_random_uuid(), now(), now(), id, embedding_model, 256, false, 'pgvector', 'serving', '', 0, 0, 0
FROM agents_knowledgebase b WHERE EXISTS (SELECT FROM agents_chunk WHERE knowledge_base_id = b.id);
INSERT INTO agents_chunkvector (space_id, chunk_id, embedding)
SELECT s.id, c.id, c.embedding FROM agents_chunk c JOIN agents_vectorspace s USING (knowledge_base_id);
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
COUNT = """
INSERT INTO agents_wordcount (knowledge_base_id, lexeme, chunks, words)
SELECT knowledge_base_id, '', count(*), coalesce(sum(length(words)), 0) FROM agents_chunk GROUP BY 1
UNION ALL
SELECT c.knowledge_base_id, w.lexeme, count(*), 0 FROM agents_chunk c, unnest(c.words) w GROUP BY 1, 2;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
RULES = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'agents_chunkvector'::regclass AND contype = 'f'"


def _record() -> list[tuple[str, Any]]:
    key = models.UUIDField(default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)
    return [
        ("created_at", models.DateTimeField(auto_now_add=True)),
        ("updated_at", models.DateTimeField(auto_now=True)),
        ("id", key),
    ]


def go_with_their_chunk(apps: Any, schema_editor: Any) -> None:
    """Let the database delete a chunk's vectors: a program that had to would read each of them first."""
    with schema_editor.connection.cursor() as cursor:
        # Constraints are made when the migration ends; these must be there now.
        for sql in schema_editor.deferred_sql:
            cursor.execute(str(sql))
        schema_editor.deferred_sql.clear()
        cursor.execute(RULES)
        for name, rule in cursor.fetchall():
            rule = rule.replace(" DEFERRABLE", " ON DELETE CASCADE DEFERRABLE")
            cursor.execute(f'ALTER TABLE agents_chunkvector DROP CONSTRAINT "{name}", ADD CONSTRAINT "{name}" {rule}')


class Migration(migrations.Migration):
    """Spaces, words and readers."""

    dependencies = [
        ("agents", "0010_document_sources"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="StoreConnection",
            fields=[
                *_record(),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("kind", models.CharField(choices=[("pinecone", "Pinecone")], default="pinecone", max_length=20)),
                (
                    "address",
                    models.CharField(
                        help_text="Of the index, such as https://docs-1a2b3c.svc.pinecone.io",
                        max_length=500,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^https?://[^\\s/?#@]+(/[^\\s?#]*)?$",
                                "Enter an address such as https://models.example/v1.",
                            )
                        ],
                    ),
                ),
                ("encrypted_key", models.TextField(blank=True, editable=False)),
            ],
            options={"ordering": ("name",)},
        ),
        migrations.CreateModel(
            name="VectorSpace",
            fields=[
                *_record(),
                ("model", models.CharField(help_text=MODEL_HELP, max_length=190)),
                ("dimensions", models.PositiveIntegerField()),
                (
                    "half",
                    models.BooleanField(default=False, help_text="The index holds 16 bits a number: half the memory"),
                ),
                ("store", models.CharField(default="pgvector", max_length=20)),
                ("state", models.CharField(choices=STATES, default="building", max_length=10)),
                (
                    "index",
                    models.CharField(
                        blank=True,
                        choices=[("", "None"), ("building", "Building"), ("ready", "Ready")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "cursor",
                    models.BigIntegerField(default=0, help_text="The last chunk that the building has come to"),
                ),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("error", models.JSONField(blank=True, help_text="{code, message} of what failed", null=True)),
                (
                    "sending_until",
                    models.DateTimeField(help_text="Somebody sends its changes to the store until then", null=True),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spaces",
                        to="agents.storeconnection",
                    ),
                ),
                (
                    "knowledge_base",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="spaces", to="agents.knowledgebase"
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "serving")),
                        fields=("knowledge_base",),
                        name="one_space_serves_a_knowledge_base",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "building")),
                        fields=("knowledge_base",),
                        name="one_space_is_built_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VectorChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("chunk_id", models.BigIntegerField()),
                ("document_id", models.UUIDField()),
                ("embedding", pgvector.django.VectorField(null=True)),
                (
                    "space",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="agents.vectorspace"
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.CreateModel(
            name="ChunkVector",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "space", "chunk", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "space",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="agents.vectorspace",
                    ),
                ),
                (
                    "chunk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="agents.chunk"
                    ),
                ),
                ("embedding", pgvector.django.VectorField()),
            ],
        ),
        migrations.CreateModel(
            name="WordCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "knowledge_base", "lexeme", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "knowledge_base",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="agents.knowledgebase",
                    ),
                ),
                ("lexeme", models.CharField(max_length=2100)),
                ("chunks", models.IntegerField()),
                ("words", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(CARRY, migrations.RunSQL.noop),
        migrations.RunPython(go_with_their_chunk, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="chunk", name="chunk_embedding"),
        migrations.RemoveField(model_name="chunk", name="embedding"),
        migrations.RemoveIndex(model_name="chunk", name="chunk_words"),
        migrations.RemoveField(model_name="chunk", name="words"),
        migrations.AddField(
            model_name="chunk",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector("heading", "text", config="english"),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="chunk_words"),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="chunk",
            name="lead",
            field=models.TextField(
                blank=True, help_text="Header rows of the table that it continues; not in its range"
            ),
        ),
        migrations.AddField(model_name="chunk", name="tokens", field=models.PositiveIntegerField(default=0)),
        migrations.AlterField(
            model_name="chunk",
            name="content_hash",
            field=models.CharField(
                help_text="Of title, headings, lead and text: an unchanged chunk keeps it", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="chunk",
            name="document",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="agents.document",
            ),
        ),
        migrations.RemoveConstraint(model_name="chunk", name="chunk_ordinal_once"),
        migrations.AddConstraint(
            model_name="chunk",
            constraint=models.UniqueConstraint(
                deferrable=Deferrable["DEFERRED"], fields=("document", "ordinal"), name="chunk_ordinal_once"
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="metadata",
            field=models.JSONField(blank=True, default=dict, help_text="What searches can be filtered by"),
        ),
        migrations.AddField(
            model_name="document",
            name="visibility",
            field=models.CharField(
                choices=[("everyone", "Everyone in the workspace"), ("restricted", "Only the readers named here")],
                default="everyone",
                max_length=12,
            ),
        ),
        migrations.AlterModelOptions(
            name="document",
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": (("read_every_document", "Can read documents that are restricted to others"),),
            },
        ),
        migrations.AddField(
            model_name="document",
            name="readers",
            field=models.ManyToManyField(blank=True, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="document",
            name="reader_groups",
            field=models.ManyToManyField(blank=True, related_name="+", to="auth.group"),
        ),
        migrations.AddField(
            model_name="knowledgebase",
            name="retrieval",
            field=models.JSONField(blank=True, default=dict, help_text="How searches go about it; empty: as usual"),
        ),
        migrations.AlterField(
            model_name="knowledgebase",
            name="embedding_model",
            field=models.CharField(default="wordllama-256", help_text=MODEL_HELP, max_length=190),
        ),
    ]
