"""How far shared documents were read."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0005_comments"),
    ]

    operations = [
        migrations.CreateModel(
            name="SettledDocument",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="settled",
                        serialize=False,
                        to="collaboration.shareddocument",
                    ),
                ),
                ("seq", models.BigIntegerField(default=0)),
                ("state", models.JSONField(default=dict, help_text="What editors are told: problems, digest")),
            ],
            options={
                "ordering": ("document",),
            },
        ),
    ]
