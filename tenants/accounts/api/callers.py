"""Who called, typed: views that let nobody but accounts in hand these on to actions."""

from __future__ import annotations

from rest_framework.request import Request

from nexod.kernel.errors import NotAuthenticated
from tenants.accounts.models import ApiKey, User


def actor_of(request: Request) -> User:
    """Return the account that asks; raise NotAuthenticated for a stranger."""
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user


def key_of(request: Request) -> ApiKey | None:
    """Return the key that asks, or None for a session."""
    key = request.auth
    return key if isinstance(key, ApiKey) else None
