"""What lists of people can be narrowed by."""

from __future__ import annotations

import django_filters as filters

from nexod.http.filters import FlagFilter
from tenants.accounts.models import User
from tenants.accounts.roles import ROLES


class UserFilter(filters.FilterSet):
    """``?role=`` and ``?is_active=``."""

    role = filters.ChoiceFilter(field_name="groups__name", choices=[(role, role) for role in ROLES])
    is_active = FlagFilter()

    class Meta:
        model = User
        fields: tuple[str, ...] = ()
