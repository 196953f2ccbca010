"""Make a tenant: row, domain, role, schema and first admin, in one transaction of the owner's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import connections, transaction

from nexod.kernel.errors import Conflict, InvalidInput
from tenants.accounts.models import User
from tenants.accounts.roles import OWNER as OWNER_ROLE
from tenants.actions.domains import require_host
from tenants.context import PLATFORM_SCHEMA, TEMPLATE_SCHEMA, enter_schema_as_owner
from tenants.models import Domain, Plan, Tenant
from tenants.schema import OWNER
from tenants.schema.grants import grants_sql
from tenants.schema.migration import require_owner, tenant_version
from tenants.schema.script import schema_script

PLACEHOLDER = "t_0placeholder"
DEFAULT_PLAN = "standard"
_scripts: dict[tuple[str, str], str] = {}


class TenantExists(Conflict):
    """There is a tenant with that slug or domain already."""

    code = "tenant_exists"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The person who gets the owner's role in the new tenant."""

    email: str
    password: str
    full_name: str = ""


def provision_tenant(*, slug: str, name: str, domain: str, admin: FirstAdmin, plan: str = DEFAULT_PLAN) -> Tenant:
    """Return a new tenant whose ``admin`` can log in at once.

    Raises InvalidInput, TenantExists, or OwnerConnectionMissing in a process that only serves.
    """
    require_owner()
    domain = require_host(domain)
    _check(slug, admin)
    script = _script()
    with enter_schema_as_owner(PLATFORM_SCHEMA), transaction.atomic(using=OWNER):
        _refuse_doubles(slug, domain)
        tenant = _create_rows(slug, name, domain, plan)
        with connections[OWNER].cursor() as cursor:
            cursor.execute(script.replace(PLACEHOLDER, tenant.schema_name) + grants_sql(tenant.schema_name))
        with enter_schema_as_owner(tenant.schema_name):
            add_member(admin, role=OWNER_ROLE)
    tenant._state.db = "default"
    return tenant


def add_member(person: FirstAdmin, *, role: str) -> User:
    """Create a user of the schema that the owner connection is in, with a role."""
    from django.contrib.auth.models import Group

    manager = User.objects.db_manager(OWNER)
    user = manager.create_user(person.email, person.password, full_name=person.full_name, is_staff=True)
    user.groups.add(Group.objects.using(OWNER).get(name=role))
    return user


def ensure_plan(slug: str = DEFAULT_PLAN, name: str = "Standard") -> Plan:
    """Return the plan with that slug, making an unlimited one first if need be; over the owner connection."""
    with enter_schema_as_owner(PLATFORM_SCHEMA):
        plan, _ = Plan.objects.using(OWNER).get_or_create(slug=slug, defaults={"name": name})
    return plan


def _check(slug: str, admin: FirstAdmin) -> None:
    try:
        validate_slug(slug)
        validate_email(admin.email)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from error


def _refuse_doubles(slug: str, domain: str) -> None:
    if Tenant.objects.using(OWNER).filter(slug=slug).exists():
        raise TenantExists(f"There is a tenant with the slug {slug!r} already.")
    if Domain.objects.using(OWNER).filter(domain=domain).exists():
        raise TenantExists(f"The domain {domain!r} belongs to a tenant already.")


def _create_rows(slug: str, name: str, domain: str, plan: str) -> Tenant:
    tenant = Tenant(
        slug=slug,
        name=name,
        plan=ensure_plan(plan),
        schema_name=f"t_{secrets.token_hex(5)}",
        schema_version=tenant_version(),
    )
    tenant.save(using=OWNER)
    Domain(domain=domain, tenant=tenant, is_primary=True).save(using=OWNER)
    return tenant


def _script() -> str:
    key = (connections[OWNER].settings_dict["NAME"], tenant_version())
    if key not in _scripts:
        with enter_schema_as_owner(PLATFORM_SCHEMA), transaction.atomic(using=OWNER):
            _scripts[key] = schema_script(TEMPLATE_SCHEMA, PLACEHOLDER)
    return _scripts[key]
