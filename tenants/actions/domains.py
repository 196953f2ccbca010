"""The hosts that lead to a tenant: add one, make one the first, take one away."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import transaction

from nexod.kernel.errors import Conflict, InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.models import Domain, Tenant

HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z")


class DomainTaken(Conflict):
    """That domain belongs to a tenant already."""

    code = "domain_taken"


def require_host(domain: str) -> str:
    """Return the host name in lower case, without a dot at its end; raise InvalidInput for what is none."""
    host = domain.strip().lower().removesuffix(".")
    if not HOST.match(host):
        raise _invalid("This is not a host name such as acme.example.com, without https:// and without a port.")
    return host


def require_free_domain(domain: str) -> str:
    """Return the host in lower case; raise InvalidInput for what is none or the platform's own, DomainTaken for a taken one."""
    host = require_host(domain)
    if host in settings.NEXOD_PLATFORM_HOSTS:
        raise _invalid("This host is the platform's own.")
    if Domain.objects.filter(domain=host).exists():
        raise DomainTaken(details=[{"field": "domain", "message": "This domain belongs to a tenant already."}])
    return host


@transaction.atomic
def add_domain(*, actor: User, tenant: Tenant, domain: str, is_primary: bool = False) -> Domain:
    """Let ``domain`` lead to the tenant."""
    require_permission(actor, "tenants.add_domain")
    row = Domain(domain=require_free_domain(domain), tenant=tenant, is_primary=is_primary)
    row.save()
    return row


@transaction.atomic
def make_primary(*, actor: User, domain: Domain) -> Domain:
    """Make this the domain that the tenant is known by."""
    require_permission(actor, "tenants.change_domain")
    domain.is_primary = True
    domain.save()
    return domain


@transaction.atomic
def remove_domain(*, actor: User, domain: Domain) -> None:
    """Let the domain lead nowhere; a tenant keeps its primary one. Raises Conflict."""
    require_permission(actor, "tenants.delete_domain")
    if domain.is_primary:
        raise Conflict("This is the tenant's primary domain. Make another one primary first.")
    domain.delete()


def _invalid(message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": "domain", "message": message}])
