"""Who may change people over the API."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from nexod.http.permissions import ModelPermissions, require_scope
from tenants.accounts.models.api_key import SCOPES


class PeoplePermissions(ModelPermissions):
    """As for every model; but a new person could log in and do everything, so a key that changes people needs every scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise what names the missing scope or permission."""
        allowed = super().has_permission(request, view)
        if request.method not in SAFE_METHODS:
            for scope in SCOPES:
                require_scope(request, scope)
        return allowed
