"""The functions through which a tenant's role reaches the public plane."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parent / "doors.sql").read_text()


class Migration(migrations.Migration):
    """Create schema ``doors``; tenants get the right to call it in tenants.schema.grants."""

    dependencies = [("tenants", "0001_initial")]
    operations = [migrations.RunSQL(SQL, "DROP SCHEMA doors CASCADE")]
