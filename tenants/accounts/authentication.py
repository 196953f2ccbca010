"""Who asks: an API key in ``Authorization: Bearer``, else the browser's session; for REST framework, streams and sockets alike."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.request import Request

from nexod.http.throttling import count, require_few_refusals
from nexod.kernel.errors import NotAuthenticated
from tenants.accounts.actions.api_keys import recognise
from tenants.accounts.models import ApiKey, User


def bearer_key(authorization: str) -> str | None:
    """Return the key in an Authorization header, or None when it is of another kind; raise NotAuthenticated when malformed."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not key.strip() or " " in key.strip():
        raise NotAuthenticated("The Authorization header is not `Bearer <api key>`.")
    return key.strip()


def known_key(key: str, address: str) -> ApiKey:
    """Return the usable row of the key; raise NotAuthenticated, or RateLimited before looking when too many were not valid."""
    require_few_refusals(address)
    try:
        return recognise(key)
    except NotAuthenticated:
        count("refused", address)
        raise


def identify(*, authorization: str, session_key: str | None, address: str = "") -> tuple[User, ApiKey | None]:
    """Return who asks, looked up anew; raise NotAuthenticated. A stream asks again and again, so nothing is kept on a request."""
    key = bearer_key(authorization)
    if key is not None:
        row = known_key(key, address)
        return row.user, row
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        raise NotAuthenticated
    return user, None


class ApiKeyAuthentication(BaseAuthentication):
    """Gives the key's user and, as ``request.auth``, its row."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the user and the key, None without one; raise NotAuthenticated for a key that is not valid here."""
        key = bearer_key(get_authorization_header(request).decode("latin1"))
        if key is None:
            return None
        row = known_key(key, str(request.META.get("REMOTE_ADDR", "")))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="api"'


class BrowserAuthentication(SessionAuthentication):
    """Django's session, with CSRF enforced for what changes something."""
