"""An index in the order in which documents are taken for reading: the next of ten thousand is found like the next of one."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only what is pending is in it: small, and built at once."""

    dependencies = [("agents", "0017_document_fence")]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                models.ExpressionWrapper(models.Q(origin__in=("url", "folder")), models.BooleanField()),
                models.F("created_at"),
                models.F("id"),
                condition=models.Q(status="pending"),
                name="document_waiting",
            ),
        ),
    ]
