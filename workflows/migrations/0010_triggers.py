"""Triggers and their firings."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers


class Migration(migrations.Migration):
    """What starts workflows by itself, and what came of it."""

    dependencies = [
        ("workflows", "0009_evals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Trigger",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=20)),
                ("config", models.JSONField(default=dict)),
                (
                    "inputs",
                    models.JSONField(blank=True, default=dict, help_text="Where each input of the workflow comes from"),
                ),
                (
                    "overlap",
                    models.CharField(
                        choices=[
                            ("allow", "Start another run"),
                            ("skip", "Skip it"),
                            ("queue", "Start when that run is over"),
                        ],
                        default="allow",
                        max_length=10,
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("token", models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True)),
                (
                    "encrypted_secrets",
                    models.JSONField(default=list, editable=False, help_text="[{secret, until}], the newest first"),
                ),
                ("next_due", models.DateTimeField(blank=True, editable=False, help_text="Of a schedule", null=True)),
                (
                    "acts_as",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the newest",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workflows.workflowversion",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="triggers", to="workflows.workflow"
                    ),
                ),
            ],
            options={
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="Firing",
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
                            ("schedule", "Schedule"),
                            ("webhook", "Webhook"),
                            ("event", "Event"),
                            ("hand", "By hand"),
                        ],
                        max_length=10,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("due", models.DateTimeField(help_text="When it was to fire, of a schedule", null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("started", "Started"),
                            ("deduplicated", "Deduplicated"),
                            ("skipped", "Skipped"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                ("reason", models.JSONField(help_text="{code, message, details} of what was not started", null=True)),
                (
                    "depth",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many runs before it started each other by events"
                    ),
                ),
                (
                    "event",
                    models.JSONField(default=dict, help_text="What the inputs are taken from, the payload left out"),
                ),
                ("payload", models.BinaryField(help_text="The body of a webhook as it came", null=True)),
                ("payload_bytes", models.PositiveIntegerField(default=0)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="firings",
                        to="workflows.run",
                    ),
                ),
                (
                    "trigger",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="firings",
                        to="workflows.trigger",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.AddIndex(
            model_name="trigger",
            index=models.Index(condition=models.Q(("is_enabled", True)), fields=["kind"], name="trigger_listening"),
        ),
        migrations.AddIndex(
            model_name="firing",
            index=models.Index(fields=["trigger", "-created_at", "-id"], name="firing_newest"),
        ),
        migrations.AddIndex(
            model_name="firing",
            index=models.Index(
                condition=models.Q(("outcome", "pending")), fields=["trigger", "created_at"], name="firing_waits"
            ),
        ),
        migrations.AddConstraint(
            model_name="firing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "deduplicated"), _negated=True),
                fields=("trigger", "key"),
                name="firing_once",
            ),
        ),
    ]
