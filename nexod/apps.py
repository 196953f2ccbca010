"""The project as an app, so that every process has the Celery app that its settings describe."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class NexodConfig(AppConfig):
    """Nothing but a moment after the settings are read."""

    name = "nexod"
    verbose_name = "Nexod"

    def ready(self) -> None:
        """Make the Celery app, without which enqueueing would go to Celery's default broker, and begin to report errors."""
        from nexod import celery
        from nexod.observability import sentry

        celery.app.set_default()
        sentry.start(settings.SENTRY_DSN, environment=settings.NEXOD_ENV)
