"""``manage.py createsuperuser``: a member of the platform's staff, or with ``--tenant`` a superuser of that tenant."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands.createsuperuser import Command as DjangoCommand
from django.core.management.base import CommandParser

from tenants.context import enter_platform
from tenants.entry.command import tenant_by_slug


class Command(DjangoCommand):
    """Django's command, inside a place."""

    requires_migrations_checks = False  # it would ask the database before there is a place

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--tenant``."""
        super().add_arguments(parser)
        parser.add_argument(
            "--tenant", metavar="SLUG", help="Make the superuser in this tenant instead of the platform's staff"
        )

    def handle(self, *args: Any, tenant: str | None = None, **options: Any) -> str | None:
        """Enter the tenant or the platform plane, then ask as Django does."""
        with tenant_by_slug(tenant) if tenant else enter_platform():
            return super().handle(*args, **options)
