"""Who may do what on the staff site: every member of the staff reads, administrators write."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from nexod.kernel.errors import PermissionDenied


class StaffAccess:
    """Mixed into the staff site's admins, before their base."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the staff in."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let the staff read."""
        return True

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Let administrators add."""
        return is_administrator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let administrators change."""
        return is_administrator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let administrators delete."""
        return is_administrator(request)


def is_administrator(request: HttpRequest) -> bool:
    """Say whether the member of the staff may change the platform."""
    return bool(request.user.is_active and request.user.is_superuser)


def require_administrator(request: HttpRequest) -> None:
    """Raise PermissionDenied for observers."""
    if not is_administrator(request):
        raise PermissionDenied("Only administrators of the platform may do this.")
