"""The one question that every action asks first, and who would be let through."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q

from nexod.kernel.errors import PermissionDenied
from tenants.accounts.models import User


def require_permission(actor: User, permission: str) -> None:
    """Raise PermissionDenied unless ``actor`` has ``permission`` (``app.codename``) in this schema."""
    if not actor.has_perm(permission):
        raise PermissionDenied(f"This needs the permission {permission}.", details={"permission": permission})


def holding(permission: str) -> Q:
    """Return the condition that a user has ``permission`` in this schema, by a group, by itself or as superuser."""
    label, codename = permission.split(".")
    given = {"content_type__app_label": label, "codename": codename}
    of_groups = Exists(
        Group.objects.filter(user=OuterRef("pk"), **{f"permissions__{key}": v for key, v in given.items()})
    )
    own = Exists(User.user_permissions.through.objects.filter(
        user=OuterRef("pk"), **{f"permission__{key}": value for key, value in given.items()}
    ))  # fmt: skip
    return Q(is_superuser=True) | Q(of_groups) | Q(own)
