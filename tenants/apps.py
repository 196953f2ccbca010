"""The app of the public plane."""

from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants and what the platform knows of them."""

    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        """Key Django's process-global content-type cache by schema."""
        from tenants import content_types

        content_types.install()
