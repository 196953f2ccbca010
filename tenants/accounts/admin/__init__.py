"""People and keys in the admin: a tenant's on its own site, the platform's staff on theirs."""

from tenants.accounts.admin import api_keys, groups, history, passwords, people, staff

__all__ = ["api_keys", "groups", "history", "passwords", "people", "staff"]
