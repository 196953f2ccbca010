"""``manage.py migrate``: the public plane, the template and every tenant that is behind."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.migrations.autodetector import MigrationAutodetector

from tenants.context import PLATFORM_SCHEMA, enter_schema_as_owner
from tenants.schema.migration import migrate_everything


class Command(BaseCommand):
    """Migrate every schema over the owner connection."""

    help = "Migrates the public plane, the template schema and every tenant that is behind."
    requires_system_checks: list[str] = []
    autodetector = MigrationAutodetector  # a system check compares it with makemigrations'

    def add_arguments(self, parser: CommandParser) -> None:
        """Accept Django's usual flags for being quiet."""
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, a line for each schema."""
        with enter_schema_as_owner(PLATFORM_SCHEMA):
            migrate_everything(self._progress if options["verbosity"] else lambda name: None)

    def _progress(self, name: str) -> None:
        self.stdout.write(f"migrated {name}")
