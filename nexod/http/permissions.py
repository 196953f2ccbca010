"""Who may do what: Django's permissions on the model, ``view`` included, and the scopes of an API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from nexod.kernel.errors import NotAuthenticated, PermissionDenied

_VERBS = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


class ScopeMissing(PermissionDenied):
    """The API key does not have the scope for this."""

    code = "scope_missing"


class ModelPermissions(BasePermission):
    """Asks for ``<app>.<verb>_<model>`` of the view's queryset.

    A view's ``permissions_of = {"action": ["app.permission"]}`` replaces that for an action, and
    ``scope_of = {"action": "run"}`` the key's scope, otherwise read for safe methods and write for the rest.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise NotAuthenticated, ScopeMissing or PermissionDenied, which name what is missing."""
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        require_scope(request, wanted_scope(request, view))
        for permission in wanted_permissions(request, view):
            if not request.user.has_perm(permission):
                raise PermissionDenied(f"This needs the permission {permission}.", details={"permission": permission})
        return True


class Authenticated(BasePermission):
    """Lets every account in, for what concerns only itself."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise NotAuthenticated or ScopeMissing."""
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated
        require_scope(request, wanted_scope(request, view))
        return True


def require_scope(request: Request, wanted: str) -> None:
    """Raise ScopeMissing when an API key asks that was not given the scope; sessions have all."""
    scopes = getattr(request.auth, "scopes", None)
    if scopes is not None and wanted not in scopes:
        raise ScopeMissing(f"This needs an API key with the scope {wanted}.", details={"scope": wanted})


def wanted_scope(request: Request, view: Any) -> str:
    """Return the scope that the view's action wants of an API key."""
    named: Mapping[str, str] = getattr(view, "scope_of", {})
    usual = "read" if request.method in SAFE_METHODS else "write"
    return named.get(getattr(view, "action", None) or "", usual)


def wanted_permissions(request: Request, view: Any) -> Sequence[str]:
    """Return the permissions that the view's action wants of the account."""
    named: Mapping[str, Sequence[str]] = getattr(view, "permissions_of", {})
    action = getattr(view, "action", "")
    if action is None:
        return []  # the view does not answer this method: 405 says so
    if action in named:
        return named[action]
    meta = view.queryset.model._meta
    return [f"{meta.app_label}.{_VERBS.get(request.method or '', 'view')}_{meta.model_name}"]
