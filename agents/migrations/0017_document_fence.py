"""Count how often a document was taken for reading, so that a reader that lost it notices."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column with a default: no row is written anew."""

    dependencies = [("agents", "0016_credential")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="fence",
            field=models.PositiveBigIntegerField(
                default=0, editable=False, help_text="How often it was taken for reading"
            ),
        ),
    ]
