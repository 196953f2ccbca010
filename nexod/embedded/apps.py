"""The Django app that carries the commands serve, services, demo and runserver. It has no models."""

from __future__ import annotations

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """List it before ``django.contrib.staticfiles``, whose ``runserver`` it replaces."""

    name = "nexod.embedded"
    label = "embedded"
