"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Workflows, in every tenant's schema."""

    name = "workflows"
    verbose_name = "Workflows"

    def ready(self) -> None:
        """Let the apps below know what is here for them."""
        from workflows import registering

        registering.register_all()
