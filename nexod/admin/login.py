"""The log-in form of both admins: guesses are counted, and refused before a password is hashed for one too many."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django_redis.exceptions import ConnectionInterrupted
from unfold.forms import AuthenticationForm

WINDOW_S = 15 * 60
# From one address, few: nobody who knows a password needs more. From everywhere, many: strangers must not lock a person out soon.
FROM_ONE_ADDRESS, FROM_EVERYWHERE, OF_ONE_ADDRESS = 10, 100, 200
logger = logging.getLogger(__name__)


class LoginForm(AuthenticationForm):
    """Refuses an account, or an address, that was tried too often; a log-in that succeeds forgets its own tries."""

    def clean(self) -> dict[str, Any]:
        """Count the try, then look at the password."""
        tries = self._tries()
        if any([_counted(name) > limit for name, limit in tries.items()]):  # noqa: C419 - each is counted
            raise ValidationError("Too many tries. Wait a quarter of an hour, then try again.", code="too_many_tries")
        cleaned: dict[str, Any] = super().clean()
        _forget(next(iter(tries)))
        return cleaned

    def _tries(self) -> dict[str, int]:
        """Return what is counted and how often it may be, this person from this address first."""
        person = str(self.cleaned_data.get("username", "")).strip().lower()
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        return {
            _key(person, address): FROM_ONE_ADDRESS,
            _key(person, "*"): FROM_EVERYWHERE,
            _key("*", address): OF_ONE_ADDRESS,
        }


def _key(person: str, address: str) -> str:
    """The cache adds the tenant; what people typed is kept out of it."""
    digest = hashlib.sha256("\n".join((person, address)).encode()).hexdigest()
    return f"log-in-{digest}"


def _counted(name: str) -> int:
    """Count and return; with Valkey away nobody is counted, and nobody is shut out."""
    try:
        cache.add(name, 0, WINDOW_S)
        return int(cache.incr(name))
    except (ConnectionInterrupted, ValueError) as error:  # ValueError: it ran out in between
        logger.warning("Log-ins cannot be counted", extra={"reason": type(error).__name__})
        return 0


def _forget(name: str) -> None:
    try:
        cache.delete(name)
    except ConnectionInterrupted as error:
        logger.warning("Log-ins cannot be counted", extra={"reason": type(error).__name__})
