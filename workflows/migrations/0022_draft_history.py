"""What happened to drafts, states of them that are kept, and who contributed to a version."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0021_run_vectors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="workflowversion",
            name="contributors",
            field=models.JSONField(
                blank=True,
                default=list,
                editable=False,
                help_text="Who changed the draft since the version before: id and name",
            ),
        ),
        migrations.CreateModel(
            name="DraftEdit",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("together", "In the editor"),
                            ("saved", "Saved as a whole"),
                            ("restored", "Restored"),
                            ("imported", "Imported"),
                        ],
                        default="saved",
                        max_length=10,
                    ),
                ),
                ("changes", models.JSONField(default=list, help_text="Each: sort, node, title, field, before, after")),
                ("note", models.CharField(blank=True, help_text="Such as which version was restored", max_length=200)),
                ("ended_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "closed",
                    models.BooleanField(
                        default=False, help_text="Later changes begin a new one: a version was published since"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft_edits",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ("-ended_at", "-id"),
                "indexes": [models.Index(fields=["workflow", "-ended_at"], name="draft_edit_by_time")],
            },
        ),
        migrations.CreateModel(
            name="DraftSnapshot",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("automatic", "Now and then"),
                            ("named", "Named"),
                            ("replaced", "Before it was replaced"),
                        ],
                        default="automatic",
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120)),
                ("definition", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who named it, or who replaced it",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="draft_snapshots",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["workflow", "-created_at"], name="draft_snapshot_by_time"),
                    models.Index(fields=["workflow", "digest"], name="draft_snapshot_by_digest"),
                ],
            },
        ),
    ]
