"""Waits, runs within runs, and parts of steps."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import nexod.kernel.identifiers

SET_NULL, CASCADE = django.db.models.deletion.SET_NULL, django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    """Add what steps wait for."""

    dependencies = [("workflows", "0010_triggers")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="parent",
            field=models.ForeignKey(
                db_index=False,
                help_text="The step that started it",
                null=True,
                on_delete=SET_NULL,
                related_name="children",
                to="workflows.step",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="depth",
            field=models.PositiveSmallIntegerField(default=0, help_text="How many runs above it started one another"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(condition=models.Q(("parent__isnull", False)), fields=["parent"], name="run_by_parent"),
        ),
        migrations.AddField(
            model_name="step",
            name="part_of",
            field=models.ForeignKey(
                db_index=False,
                help_text="The step through whose list this one is a part",
                null=True,
                on_delete=CASCADE,
                related_name="parts",
                to="workflows.step",
            ),
        ),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(
                condition=models.Q(("part_of__isnull", False)), fields=["part_of"], name="step_by_whole"
            ),
        ),
        migrations.CreateModel(
            name="Wait",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("node", models.CharField(max_length=60)),
                (
                    "key",
                    models.CharField(blank=True, help_text="Tells the waits of one step apart", max_length=100),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("timer", "Timer"), ("callback", "Callback"), ("run", "Run")], max_length=10
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("over", models.BooleanField(default=False)),
                ("result", models.JSONField(help_text="What the callback brought", null=True)),
                (
                    "child",
                    models.OneToOneField(null=True, on_delete=SET_NULL, related_name="awaited_by", to="workflows.run"),
                ),
                (
                    "run",
                    models.ForeignKey(on_delete=CASCADE, related_name="waits", to="workflows.run"),
                ),
                (
                    "step",
                    models.ForeignKey(null=True, on_delete=CASCADE, related_name="waits", to="workflows.step"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("step__isnull", False)), fields=("step", "key"), name="wait_once_a_step"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("step__isnull", True)), fields=("run", "node"), name="callback_early_once"
                    ),
                ],
            },
        ),
    ]
