"""Comments, who has read them, and what people did."""

from __future__ import annotations


import django.contrib.postgres.fields
import django.db.models.deletion
import nexod.kernel.identifiers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0004_shared_documents"),
        ("workflows", "0021_run_vectors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.TextField(blank=True, help_text="Markdown", max_length=4000)),
                (
                    "mentions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, help_text="People who were told, by id", size=None
                    ),
                ),
                ("edited_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deleted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
                "permissions": (
                    ("write_comment", "Can comment"),
                    ("moderate_comment", "Can delete comments of others"),
                ),
            },
        ),
        migrations.CreateModel(
            name="CommentEdit",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("text", models.TextField(max_length=4000)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="edits", to="collaboration.comment"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="CommentThread",
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
                        choices=[("workflow", "Workflow"), ("run", "Run"), ("approval", "Approval")], max_length=10
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[("whole", "Whole"), ("node", "Node"), ("text", "Text"), ("step", "Step")],
                        default="whole",
                        max_length=10,
                    ),
                ),
                (
                    "node",
                    models.CharField(
                        blank=True, help_text="Key of the node; of a step, the id of its node", max_length=80
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        blank=True, help_text="Which text of the node, such as config.prompt", max_length=200
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        blank=True, help_text="What the place was called when the thread was opened", max_length=200
                    ),
                ),
                (
                    "quote",
                    models.TextField(blank=True, help_text="The text of the range as it was then", max_length=500),
                ),
                (
                    "range_start",
                    models.CharField(blank=True, help_text="Yjs relative position, base64", max_length=400),
                ),
                ("range_end", models.CharField(blank=True, help_text="Yjs relative position, base64", max_length=400)),
                (
                    "at_start",
                    models.PositiveIntegerField(help_text="Where the range is now; null: it is gone", null=True),
                ),
                ("at_end", models.PositiveIntegerField(null=True)),
                (
                    "checked",
                    models.CharField(
                        blank=True, help_text="The state of the draft that the place was looked for in", max_length=40
                    ),
                ),
                (
                    "orphaned_at",
                    models.DateTimeField(help_text="The place was gone when it was looked for then", null=True),
                ),
                ("resolved_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(auto_now_add=True, help_text="When somebody wrote last")),
                (
                    "approval",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threads",
                        to="workflows.approval",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threads",
                        to="workflows.run",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threads",
                        to="workflows.step",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="threads",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.AddField(
            model_name="comment",
            name="thread",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comments",
                to="collaboration.commentthread",
            ),
        ),
        migrations.CreateModel(
            name="Reaction",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sign", models.CharField(max_length=8)),
                (
                    "comment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reactions",
                        to="collaboration.comment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="ThreadVisit",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("seen_at", models.DateTimeField()),
                (
                    "thread",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visits",
                        to="collaboration.commentthread",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("verb", models.CharField(max_length=30)),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField(null=True)),
                ("title", models.CharField(max_length=200)),
                ("facts", models.JSONField(default=dict)),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "activity",
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="activity_newest"),
                    models.Index(fields=["actor", "-created_at", "-id"], name="activity_of_person"),
                    models.Index(fields=["subject_id", "-created_at", "-id"], name="activity_of_subject"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="commentthread",
            index=models.Index(fields=["-created_at", "-id"], name="thread_newest"),
        ),
        migrations.AddIndex(
            model_name="commentthread",
            index=models.Index(fields=["workflow", "-created_at", "-id"], name="thread_of_workflow"),
        ),
        migrations.AddIndex(
            model_name="commentthread",
            index=models.Index(fields=["run", "-created_at", "-id"], name="thread_of_run"),
        ),
        migrations.AddIndex(
            model_name="commentthread",
            index=models.Index(fields=["approval", "-created_at", "-id"], name="thread_of_approval"),
        ),
        migrations.AddIndex(
            model_name="commentthread",
            index=models.Index(condition=models.Q(("step__isnull", False)), fields=["step"], name="thread_of_step"),
        ),
        migrations.AddConstraint(
            model_name="commentthread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approval", None), ("kind", "workflow"), ("run", None), ("workflow__isnull", False)),
                    models.Q(("approval", None), ("kind", "run"), ("run__isnull", False), ("workflow", None)),
                    models.Q(("approval__isnull", False), ("kind", "approval"), ("run", None), ("workflow", None)),
                    _connector="OR",
                ),
                name="thread_is_about_one_thing",
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["thread", "created_at", "id"], name="comment_in_thread"),
        ),
        migrations.AddConstraint(
            model_name="reaction",
            constraint=models.UniqueConstraint(fields=("comment", "user", "sign"), name="reaction_once"),
        ),
        migrations.AddConstraint(
            model_name="threadvisit",
            constraint=models.UniqueConstraint(fields=("thread", "user"), name="thread_visit_once"),
        ),
    ]
