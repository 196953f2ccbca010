"""The app of accounts, present in both planes."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and keys."""

    name = "tenants.accounts"
    label = "accounts"
    verbose_name = "People and keys"
