"""Where documents come from, what they say, and sitemaps whose pages they are."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers

PEOPLE = settings.AUTH_USER_MODEL
ORIGINS = [("upload", "Upload"), ("text", "Text"), ("folder", "Folder"), ("url", "Url")]
STATES = [("pending", "Pending"), ("processing", "Processing"), ("ready", "Ready"), ("failed", "Failed")]


def added(name: str, field: models.Field) -> migrations.AddField:
    """Return what adds the column to documents."""
    return migrations.AddField(model_name="document", name=name, field=field)


def once(field: str, name: str) -> migrations.AddConstraint:
    """Return what keeps a knowledge base from having two documents of the same, where there is any."""
    constraint = models.UniqueConstraint(
        fields=["knowledge_base", field], condition=models.Q((field, ""), _negated=True), name=name
    )
    return migrations.AddConstraint(model_name="document", constraint=constraint)


class Migration(migrations.Migration):
    """Sitemap, DocumentText, and columns of Document."""

    dependencies = [("agents", "0009_tool_permissions"), migrations.swappable_dependency(PEOPLE)]
    operations = [
        migrations.CreateModel(
            name="Sitemap",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("id", models.UUIDField(
                    default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                )),
                ("address", models.CharField(help_text="Its URL", max_length=800)),
                ("status", models.CharField(choices=STATES, default="pending", editable=False, max_length=12)),
                ("error", models.JSONField(
                    blank=True, editable=False, help_text="{code, message} of a failed reading", null=True
                )),
                ("found", models.PositiveIntegerField(default=0, editable=False, help_text="Pages that it names")),
                ("left_out", models.PositiveIntegerField(
                    default=0, editable=False, help_text="Pages of other sites, or over the limit"
                )),
                ("read_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("added_by", models.ForeignKey(
                    blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=PEOPLE
                )),
                ("knowledge_base", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="sitemaps", to="agents.knowledgebase"
                )),
            ],
            options={"ordering": ("-created_at", "-id")},
        ),
        migrations.AddConstraint(
            model_name="sitemap",
            constraint=models.UniqueConstraint(
                fields=("knowledge_base", "address"), name="sitemap_once_per_knowledge_base"
            ),
        ),
        migrations.CreateModel(
            name="DocumentText",
            fields=[
                ("document", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="body",
                    serialize=False, to="agents.document",
                )),
                ("text", models.TextField()),
            ],
        ),
        added("origin", models.CharField(choices=ORIGINS, default="upload", max_length=8)),
        added("address", models.CharField(
            blank=True, max_length=800,
            help_text="Its URL, path or key: once in a knowledge base; new content replaces the old",
        )),
        added("sitemap", models.ForeignKey(
            blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="documents",
            to="agents.sitemap",
        )),
        added("etag", models.CharField(blank=True, editable=False, max_length=255)),
        added("last_modified", models.CharField(blank=True, editable=False, max_length=80)),
        added("fetched_at", models.DateTimeField(blank=True, help_text="When its URL was last asked for it", null=True)),
        added("attempts", models.PositiveSmallIntegerField(
            default=0, help_text="Readings begun since it last ended well"
        )),
        added("retry_at", models.DateTimeField(blank=True, help_text="It is not read before then", null=True)),
        migrations.AlterField(
            "document", "content_hash", models.CharField(blank=True, help_text="SHA-256 of the file", max_length=64)
        ),
        migrations.AlterField(
            "document", "storage_key", models.CharField(blank=True, editable=False, max_length=255)
        ),
        migrations.AlterField(
            "document", "status",
            models.CharField(choices=[*STATES, ("duplicate", "Duplicate")], default="pending", max_length=12),
        ),
        migrations.RemoveConstraint("document", "document_once_per_knowledge_base"),
        once("content_hash", "document_once_per_knowledge_base"),
        once("address", "document_address_once"),
        migrations.AddIndex("document", models.Index(
            condition=models.Q(("status__in", ("pending", "processing"))), fields=["status", "created_at"],
            name="document_open",
        )),
        migrations.AddIndex("document", models.Index(fields=["knowledge_base", "ingested_at"], name="document_ingested")),
    ]  # fmt: skip
