"""Approvals by policy: who, how many and when; votes, the record, and who stands in for whom."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers

# Owners decide what asks for roles in the short form: that was implied, and is now said.
OWNERS = """
UPDATE workflows_approval SET roles = array_append(roles, 'owner') WHERE status = 'pending' AND NOT 'owner' = ANY(roles)
"""


class Migration(migrations.Migration):
    """Columns with constant defaults; only open questions are written again."""

    dependencies = [
        ("workflows", "0015_pins"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="approval",
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": (
                    ("decide_approval", "Can decide approval"),
                    ("reassign_approval", "Can reassign any approval"),
                ),
            },
        ),
        migrations.AddField(
            model_name="approval",
            name="arguments",
            field=models.JSONField(help_text="Of a tool: what it would be called with", null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="assigned_to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="assigned_approvals",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="claimed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="claimed_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="claimed_approvals",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="digest",
            field=models.CharField(blank=True, help_text="SHA-256 of exactly what is to be seen now", max_length=64),
        ),
        migrations.AddField(
            model_name="approval",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="excluded",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                default=list,
                help_text="Who may not, by separation or by having passed it on",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="groups",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=150), default=list, help_text="Who may decide, too", size=None
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="level",
            field=models.PositiveSmallIntegerField(default=0, help_text="How often it was escalated"),
        ),
        migrations.AddField(
            model_name="approval",
            name="people",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), default=list, help_text="Who may decide, too", size=None
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="policy",
            field=models.JSONField(default=dict, help_text="Who, how many and when, as resolved when it was asked"),
        ),
        migrations.AddField(
            model_name="approval",
            name="previous",
            field=models.ForeignKey(
                help_text="What was asked the last time",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="later",
                to="workflows.approval",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="remind_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="round",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="An edit that needs more votes begins the next one"
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="schema",
            field=models.JSONField(help_text="JSON Schema that an edit has to fit", null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="subject",
            field=models.CharField(default="node", help_text="node, task or tool:<name>", max_length=120),
        ),
        migrations.AlterField(
            model_name="approval",
            name="content",
            field=models.TextField(blank=True, help_text="Markdown, as it was asked"),
        ),
        migrations.AlterField(
            model_name="approval",
            name="decided_at",
            field=models.DateTimeField(help_text="Without a person: its time was over", null=True),
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField(help_text="Empty: until it is deleted", null=True)),
                (
                    "stand_in",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stands_in",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-from_at", "-id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("user", models.F("stand_in")), _negated=True), name="absence_has_another"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_at", None), ("until_at__gt", models.F("from_at")), _connector="OR"),
                        name="absence_ends_later",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("asked", "Asked"),
                            ("seen", "Seen"),
                            ("voted", "Voted"),
                            ("decided", "Decided"),
                            ("claimed", "Claimed"),
                            ("released", "Released"),
                            ("reassigned", "Reassigned"),
                            ("delegated", "Delegated"),
                            ("reminded", "Reminded"),
                            ("escalated", "Escalated"),
                            ("timed_out", "Timed Out"),
                            ("withdrawn", "Withdrawn"),
                            ("link_sent", "Link Sent"),
                            ("link_used", "Link Used"),
                        ],
                        max_length=12,
                    ),
                ),
                ("by_email", models.CharField(blank=True, help_text="Empty: the platform itself", max_length=254)),
                ("for_email", models.CharField(blank=True, max_length=254)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                (
                    "digest",
                    models.CharField(blank=True, help_text="SHA-256 of what was to be seen then", max_length=64),
                ),
                ("detail", models.JSONField(default=dict)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "approval",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="workflows.approval",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "for_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("approval", "id"),
                "indexes": [models.Index(fields=["approval", "id"], name="entry_in_order")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("by__isnull", False), ("kind", "seen")),
                        fields=("approval", "by", "digest"),
                        name="entry_seen_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=1)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("approve", "Approve"),
                            ("reject", "Reject"),
                            ("request_changes", "Request Changes"),
                            ("edit", "Edit"),
                            ("happened", "Happened"),
                            ("again", "Again"),
                            ("fail", "Fail"),
                            ("timeout", "Timeout"),
                        ],
                        max_length=20,
                    ),
                ),
                ("comment", models.TextField(blank=True, max_length=4000)),
                ("content", models.TextField(blank=True, help_text="Of an edit")),
                ("digest", models.CharField(help_text="SHA-256 of what was seen", max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "approval",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="votes",
                        to="workflows.approval",
                    ),
                ),
                (
                    "for_user",
                    models.ForeignKey(
                        help_text="Who was away",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="votes_by_others",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="votes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("approval", "created_at", "id"),
                "constraints": [
                    models.UniqueConstraint(fields=("approval", "round", "user"), name="vote_once_a_round"),
                    models.UniqueConstraint(
                        condition=models.Q(("for_user__isnull", False)),
                        fields=("approval", "round", "for_user"),
                        name="vote_once_for_a_person",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="approval",
            name="decision",
            field=models.CharField(
                blank=True,
                choices=[
                    ("approve", "Approve"),
                    ("reject", "Reject"),
                    ("request_changes", "Request Changes"),
                    ("edit", "Edit"),
                    ("happened", "Happened"),
                    ("again", "Again"),
                    ("fail", "Fail"),
                    ("timeout", "Timeout"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
    ]
