"""Who may log in and what they may do: Django's own backend, which asks for all permissions of a person at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, Value
from django.db.models.functions import Concat

from nexod.kernel.reads import Read
from tenants.accounts.models import User


def names_of_permissions(user: str) -> ArraySubquery:
    """Return, for annotating a row, ``app.codename`` of all that its user was given, himself or by his groups.

    ``user`` is the row's field with the user's id. A superuser has more than that, and nobody asks what.
    """
    of_groups = Group.permissions.through.objects.filter(group__user=OuterRef(OuterRef(user))).values("permission")
    own = User.user_permissions.through.objects.filter(user=OuterRef(OuterRef(user))).values("permission")
    given = Permission.objects.filter(Q(pk__in=of_groups) | Q(pk__in=own)).order_by()
    return ArraySubquery(given.values_list(Concat(F("content_type__app_label"), Value("."), F("codename"))))


def keep_permissions(user: User, names: list[str]) -> None:
    """Have the user know what ``names_of_permissions`` gave, so that nothing asks again."""
    if not user.is_superuser:
        user._perm_cache = set(names)  # type: ignore[attr-defined]


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


_known = Read(
    lambda pk: User.objects.only("id").annotate(permissions=names_of_permissions("pk")).filter(pk=pk).order_by(),
    User._meta.pk,
)


def _permissions_of(user: Any) -> set[str]:
    if user.is_superuser:
        rows = Permission.objects.order_by().values_list("content_type__app_label", "codename")
        return {f"{label}.{codename}" for label, codename in rows}
    found = _known.first(user.pk)
    return set(found.permissions) if found else set()  # type: ignore[attr-defined]
