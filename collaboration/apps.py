"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CollaborationConfig(AppConfig):
    """Collaboration, in every tenant's schema."""

    name = "collaboration"
    verbose_name = "Collaboration"

    def ready(self) -> None:
        """Let the apps below know what is here for them."""
        from collaboration import registering

        registering.register_all()
