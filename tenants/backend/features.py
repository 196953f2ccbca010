"""What PostgreSQL can do, said without asking it: start-up has no tenant to ask in."""

from __future__ import annotations

from django.db.backends.postgresql.features import DatabaseFeatures as PostgresFeatures


class DatabaseFeatures(PostgresFeatures):
    """Django's features, less the probe table that it would create."""

    supports_transactions = True
