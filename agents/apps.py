"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Agents, in every tenant's schema."""

    name = "agents"
    verbose_name = "Agents"
