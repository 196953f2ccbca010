"""Who asks: the site lets nobody but accounts in, so views hand the request's user straight to actions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest


def actor_of(request: HttpRequest) -> Any:
    """Return the account that asks."""
    return request.user


def may(request: HttpRequest, permission: str) -> bool:
    """Say whether the account has ``app.codename`` here."""
    return bool(actor_of(request).has_perm(permission))


def row_id(text: str) -> UUID:
    """Return the id in an address; raise Http404 for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404("There is no such page here.") from None
