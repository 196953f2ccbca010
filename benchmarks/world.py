"""Tenants, workflows and keys to measure with, made once a run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from nexod.settings import base
from tenants.accounts.models import User
from tenants.actions.provisioning import FirstAdmin, ensure_plan, provision_tenant
from tenants.context import enter_tenant
from tenants.models import Tenant
from tenants.schema.migration import migrate_everything

if TYPE_CHECKING:
    from workflows.models import Workflow

PASSWORD = "correct horse battery"
SCOPES = ("read", "write", "run")


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


@cache
def owner(number: int) -> User:
    """Return the owner of that tenant."""
    with enter_tenant(tenant(number)):
        return User.objects.get(email=f"owner@bench{number}.test")


@cache
def api_key(number: int) -> str:
    """Return an API key of the owner of that tenant."""
    from tenants.accounts.actions.api_keys import issue_api_key

    with enter_tenant(tenant(number)):
        return issue_api_key(actor=owner(number), user=owner(number), name="bench", scopes=SCOPES)[1]


def workflow(number: int, name: str, definition: dict[str, Any]) -> Workflow:
    """Return a new published workflow of that tenant."""
    from workflows.actions.workflows import create_workflow, publish_workflow

    with enter_tenant(tenant(number)):
        made = create_workflow(actor=owner(number), name=name, definition=definition)
        publish_workflow(actor=owner(number), workflow=made)
        return made
