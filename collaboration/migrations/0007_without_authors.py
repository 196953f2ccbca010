"""Who wrote what is in the log until the draft's history has it; nothing read it from the document's own row."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("collaboration", "0006_settled_documents")]
    operations = [migrations.RemoveField(model_name="shareddocument", name="authors")]
