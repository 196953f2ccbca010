"""Indexes by which model calls are listed."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """By workflow, by person, and those that failed."""

    dependencies = [("agents", "0007_connections")]
    operations = [
        migrations.AddIndex(
            model_name="modelcall",
            index=models.Index(fields=["workflow", "-created_at"], name="model_call_by_workflow"),
        ),
        migrations.AddIndex(
            model_name="modelcall", index=models.Index(fields=["user", "-created_at"], name="model_call_by_user")
        ),
        migrations.AddIndex(
            model_name="modelcall",
            index=models.Index(
                condition=models.Q(("error", ""), _negated=True), fields=["-created_at"], name="model_call_failed"
            ),
        ),
    ]
