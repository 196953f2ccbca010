"""The app of the public plane."""

from __future__ import annotations

from celery.signals import celeryd_after_setup
from django.apps import AppConfig
from django.core.checks import Tags, register


class TenantsConfig(AppConfig):
    """Tenants and what the platform knows of them."""

    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        """Key Django's process-global content-type cache by schema; have the databases checked before anything is served."""
        from tenants import content_types
        from tenants.backend.startup import database_check
        from tenants.entry.startup import leave_unsafe_databases

        content_types.install()
        register(database_check, Tags.database)
        celeryd_after_setup.connect(leave_unsafe_databases, weak=False, dispatch_uid="tenants.databases")
