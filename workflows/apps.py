"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """Workflows, in every tenant's schema."""

    name = "workflows"
    verbose_name = "Workflows"
