"""The project as an app, so that every process has the Celery app that its settings describe."""

from __future__ import annotations

from django.apps import AppConfig


class NexodConfig(AppConfig):
    """Nothing but a moment after the settings are read."""

    name = "nexod"
    verbose_name = "Nexod"

    def ready(self) -> None:
        """Make the Celery app: without it, enqueueing would go to Celery's default broker."""
        from nexod import celery

        celery.app.set_default()
