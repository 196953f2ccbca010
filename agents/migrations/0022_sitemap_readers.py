"""Keep with a sitemap what its pages are about, and who may read them."""

from __future__ import annotations

from django.db import migrations, models

VISIBILITY = [("everyone", "Everyone in the workspace"), ("restricted", "Only the readers named here")]


class Migration(migrations.Migration):
    """The pages of those from before stay open, and so do new ones that they name."""

    dependencies = [("agents", "0021_version_changes")]

    operations = [
        migrations.AddField(
            "sitemap",
            "metadata",
            models.JSONField(blank=True, default=dict, help_text="Of each page that becomes a document"),
        ),
        migrations.AddField(
            "sitemap",
            "visibility",
            models.CharField(
                choices=VISIBILITY, default="everyone", max_length=12,
                help_text="Of each page that becomes a document; restricted, whoever added the sitemap reads it",
            ),
        ),
    ]  # fmt: skip
