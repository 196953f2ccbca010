"""The process's one client of Valkey for what is counted there: all threads may use it, it lends itself connections."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.dispatch import receiver
from django_redis import get_redis_connection


@cache
def valkey() -> Any:
    """Return redis-py's client. django-redis makes one for each request and each thread hop, which costs more than to ask."""
    return get_redis_connection("default")


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "CACHES":
        valkey.cache_clear()
