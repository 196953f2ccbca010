"""The log-in form of both admins: guesses are counted, and refused before a password is hashed for one too many."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from nexod.admin.tries import ANYBODY, are_too_many, forget, name_of, take_back

# From one address, few: nobody who knows a password needs more. From everywhere, many: strangers must not lock a person out soon.
FROM_ONE_ADDRESS, FROM_EVERYWHERE, OF_ONE_ADDRESS = 10, 100, 200


class LoginForm(AuthenticationForm):
    """Refuses an account, or an address, that was tried too often.

    A log-in that succeeds forgets its person's tries from there, and counts for nobody else: a whole office has one address.
    """

    def clean(self) -> dict[str, Any]:
        """Count the try, then look at the password."""
        tries = self._tries()
        if are_too_many(tries):
            raise ValidationError("Too many tries. Wait a quarter of an hour, then try again.", code="too_many_tries")
        cleaned: dict[str, Any] = super().clean()
        own, *shared = tries
        forget(own)
        take_back(shared)
        return cleaned

    def _tries(self) -> dict[str, int]:
        """Return what is counted and how often it may be, this person from this address first."""
        person = str(self.cleaned_data.get("username", "")).strip().lower()
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        return {
            name_of("log-in", person, address): FROM_ONE_ADDRESS,
            name_of("log-in", person, ANYBODY): FROM_EVERYWHERE,
            name_of("log-in", ANYBODY, address): OF_ONE_ADDRESS,
        }
