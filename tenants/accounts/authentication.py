"""How REST framework learns who asks: an API key in ``Authorization: Bearer``, else the browser's session."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.request import Request

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


class ApiKeyAuthentication(BaseAuthentication):
    """Gives the key's user and, as ``request.auth``, its row."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the user and the key, None without one; raise NotAuthenticated for a key that is not valid here."""
        key = bearer_key(get_authorization_header(request).decode("latin1"))
        if key is None:
            return None
        row = recognise(key)
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="api"'


class BrowserAuthentication(SessionAuthentication):
    """Django's session, with CSRF enforced for what changes something."""
