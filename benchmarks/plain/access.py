"""Who may read: a key's user with Django's permission to view."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request

from benchmarks.plain.models import Key, hash_key


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        """Return the user and the key."""
        key = get_authorization_header(request).decode("latin1").removeprefix("Bearer ")
        row = Key.objects.select_related("user").filter(hashed=hash_key(key), user__is_active=True).first()
        if row is None:
            raise AuthenticationFailed
        return row.user, row


class MayView(DjangoModelPermissions):
    """Reading needs Django's permission to view."""

    perms_map: ClassVar = {**DjangoModelPermissions.perms_map, "GET": ["%(app_label)s.view_%(model_name)s"]}
