"""The one question that every action asks first."""

from __future__ import annotations

from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User


def require_permission(actor: User, permission: str) -> None:
    """Raise PermissionDenied unless ``actor`` has ``permission`` (``app.codename``) in this schema."""
    if not actor.has_perm(permission):
        raise PermissionDenied(f"This needs the permission {permission}.", details={"permission": permission})
