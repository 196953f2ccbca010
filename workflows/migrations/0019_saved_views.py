"""Lists as people want to see them again."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import nexod.kernel.identifiers


class Migration(migrations.Migration):
    """A table of its own."""

    dependencies = [("workflows", "0018_business_hours"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            "SavedView",
            [
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(
                        default=nexod.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("page", models.CharField(choices=[("runs", "Runs")], max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, help_text="The end of the list's address", max_length=1000)),
                ("is_shared", models.BooleanField(default=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("is_shared", "name", "id"),
                "permissions": (("share_savedview", "Can share saved view"),),
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "page", "name"), name="saved_view_once_a_name")
                ],
            },
        ),
    ]
