"""Migrate the public plane, the template and every tenant; a tenant whose version is current costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2s
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from nexod.kernel.errors import Unavailable
from tenants.accounts.roles import sync_roles
from tenants.context import PLATFORM_SCHEMA, TEMPLATE_SCHEMA, enter_schema_as_owner
from tenants.models import Tenant
from tenants.schema import OWNER
from tenants.schema.grants import grant

Progress = Callable[[str], None]


class OwnerConnectionMissing(Unavailable):
    """Migrating and provisioning need DATABASE_OWNER_URL, which this process does not have."""

    code = "owner_connection_missing"


def require_owner() -> None:
    """Raise OwnerConnectionMissing in a process that only serves."""
    if OWNER not in settings.DATABASES:
        raise OwnerConnectionMissing


def migrate_everything(progress: Progress, **options: Any) -> None:
    """Bring every schema up to date, public first, then the template, then the tenants that are behind."""
    require_owner()
    migrate_schema(PLATFORM_SCHEMA, **options)
    progress("public")
    migrate_schema(TEMPLATE_SCHEMA, **options)
    progress("template")
    version = tenant_version()
    for tenant in _behind(version):
        migrate_schema(tenant.schema_name, **options)
        with enter_schema_as_owner(PLATFORM_SCHEMA):
            Tenant.objects.using(OWNER).filter(pk=tenant.pk).update(schema_version=version)
        progress(tenant.slug)


def migrate_schema(schema: str, **options: Any) -> None:
    """Run Django's own ``migrate`` in one schema and give its role the rights to what is new."""
    with enter_schema_as_owner(schema):
        with connections[OWNER].cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        call_command(MigrateCommand(), database=OWNER, interactive=False, **{"verbosity": 0, **options})
        grant(schema)
        if schema != PLATFORM_SCHEMA:
            sync_roles(OWNER)


def tenant_version() -> str:
    """Return a digest of all migrations of the tenant plane: two trees with equal migrations have equal versions."""
    labels = {config.label for config in apps.get_app_configs() if config.name in settings.TENANT_APPS}
    names = sorted(key for key in MigrationLoader(None).disk_migrations if key[0] in labels)
    return blake2s(repr(names).encode(), digest_size=16).hexdigest()


def _behind(version: str) -> Iterator[Tenant]:
    with enter_schema_as_owner(PLATFORM_SCHEMA):
        yield from list(
            Tenant.objects.using(OWNER)
            .exclude(schema_version=version)
            .exclude(status=Tenant.Status.ERASED)
            .order_by("pk")
        )
