"""Who may log in and what they may do: Django's own backend, which asks for all permissions of a person at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import Q


class OneQueryBackend(ModelBackend):
    """Django asks for a person's own permissions and for those of the groups one after the other."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return ``app.codename`` of everything that the active person may, asked for once and kept on the object."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = _permissions_of(user_obj)
        found: set[str] = user_obj._perm_cache
        return found


def _permissions_of(user: Any) -> set[str]:
    rows = Permission.objects.order_by()
    if not user.is_superuser:
        rows = rows.filter(Q(group__user=user) | Q(user=user)).distinct()
    return {f"{label}.{codename}" for label, codename in rows.values_list("content_type__app_label", "codename")}
