"""Secrets at rest: Fernet with rotation, each token bound to the place that it was written for."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from nexod.kernel.errors import Unavailable

FERNET = "gAAAA"
"""How every Fernet token begins: version 0x80, then the high bytes of a time."""


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


def renewed_in(stored: Any) -> Any:
    """Return what is stored (a token, or JSON with tokens in it) with each token written by the first key.

    What that key wrote already stays as it is. Raises SecretUnreadable for a token that none of the keys reads.
    """
    if isinstance(stored, dict):
        return {name: renewed_in(value) for name, value in stored.items()}
    if isinstance(stored, list):
        return [renewed_in(value) for value in stored]
    if not (isinstance(stored, str) and stored.startswith(FERNET)):
        return stored
    try:
        Fernet(settings.NEXOD_FIELD_KEYS[0]).decrypt(stored.encode())
    except InvalidToken:
        return _renewed(stored)
    return stored


def _renewed(token: str) -> str:
    try:
        return _fernet().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.NEXOD_FIELD_KEYS])
