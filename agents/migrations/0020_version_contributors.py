"""Keep who else wrote what the author of an agent's version saved."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table, empty at first."""

    dependencies = [("agents", "0019_words_of_scripts"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            model_name="agentversion",
            name="contributors",
            field=models.ManyToManyField(
                blank=True,
                help_text="Who else wrote what its author saved",
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
