"""Tenants to measure with, made once a run."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from nexod.settings import base
from tenants.actions.provisioning import FirstAdmin, ensure_plan, provision_tenant
from tenants.models import Tenant
from tenants.schema.migration import migrate_everything

PASSWORD = "correct horse battery"


@cache
def migrated() -> None:
    """Migrate the public plane and the template."""
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS  # the tests' own is quick, and no figure
    migrate_everything(lambda name: None)
    ensure_plan()


@cache
def tenant(number: int) -> Tenant:
    """Return the tenant with that number, making it first if need be; its host is ``bench<number>.test``."""
    migrated()
    slug = f"bench{number}"
    admin = FirstAdmin(f"owner@{slug}.test", PASSWORD)
    return provision_tenant(slug=slug, name=slug, domain=f"{slug}.test", admin=admin)
