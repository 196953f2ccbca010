"""The fixed cast: two organisations with the same five people, who differ in nothing but where they belong."""

from __future__ import annotations

from tenants.accounts.roles import ROLES
from tenants.actions.provisioning import FirstAdmin, add_member, ensure_plan, provision_tenant
from tenants.context import enter_schema_as_owner
from tenants.models import Tenant
from tenants.schema.migration import migrate_everything

PASSWORD = "correct horse battery"
SLUGS = ("acme", "globex")


def email(slug: str, role: str) -> str:
    """Return the address of the organisation's person with that role."""
    return f"{role}@{slug}.test"


def assemble() -> None:
    """Migrate, and make both organisations with their people; once per test database."""
    migrate_everything(lambda name: None)
    ensure_plan()
    for slug in SLUGS:
        admin = FirstAdmin(email(slug, "owner"), PASSWORD, "Olive Owner")
        tenant = provision_tenant(slug=slug, name=slug.title(), domain=f"{slug}.test", admin=admin)
        _add_people(tenant)


def _add_people(tenant: Tenant) -> None:
    with enter_schema_as_owner(tenant.schema_name):
        for role in ROLES[1:]:
            add_member(FirstAdmin(email(tenant.slug, role), PASSWORD, f"{role.title()} Person"), role=role)
