"""Secrets at rest: Fernet with rotation, each token bound to the place that it was written for."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from nexod.kernel.errors import Unavailable


class SecretUnreadable(Unavailable):
    """A stored secret cannot be decrypted here: it was written for another place, or its key is gone."""

    code = "secret_unreadable"


def encrypt(plain: str, *, bound_to: str) -> str:
    """Return a token that only ``decrypt`` with the same ``bound_to`` (a tenant's schema) opens."""
    return _fernet().encrypt(f"{bound_to}\x00{plain}".encode()).decode()


def decrypt(token: str, *, bound_to: str) -> str:
    """Return what was encrypted; raise SecretUnreadable for a foreign, altered or outdated token."""
    try:
        owner, _, plain = _fernet().decrypt(token.encode()).decode().partition("\x00")
    except InvalidToken as error:
        raise SecretUnreadable from error
    if owner != bound_to:
        raise SecretUnreadable
    return plain


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.NEXOD_FIELD_KEYS])
