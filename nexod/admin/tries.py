"""Tries that are counted, so that nobody can try for ever: names say who and from where, the cache adds the tenant."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted

WINDOW_S = 15 * 60
ANYBODY = "*"
logger = logging.getLogger(__name__)


def name_of(what: str, person: str, address: str) -> str:
    """Return under which name the tries of ``person`` at ``address`` are counted; what people typed is kept out of it."""
    digest = hashlib.sha256("\n".join((person, address)).encode()).hexdigest()
    return f"{what}-{digest}"


def are_too_many(limits: Mapping[str, int]) -> bool:
    """Count a try under each name, and say whether one of them is over its limit within WINDOW_S."""
    return any([_counted(name) > limit for name, limit in limits.items()])  # noqa: C419 - each is counted


def forget(name: str) -> None:
    """Count from nought again."""
    try:
        cache.delete(name)
    except ConnectionInterrupted as error:
        _warn(error)


def take_back(names: Iterable[str]) -> None:
    """Count one try less under each name: it was none that should be counted."""
    for name in names:
        try:
            cache.decr(name)
        except (ConnectionInterrupted, ValueError) as error:  # ValueError: it ran out in between
            _warn(error)


def _counted(name: str) -> int:
    """Count and return; with Valkey away nobody is counted, and nobody is shut out."""
    try:
        cache.add(name, 0, WINDOW_S)
        return int(cache.incr(name))
    except (ConnectionInterrupted, ValueError) as error:  # ValueError: it ran out in between
        _warn(error)
        return 0


def _warn(error: Exception) -> None:
    logger.warning("Tries cannot be counted", extra={"reason": type(error).__name__})
