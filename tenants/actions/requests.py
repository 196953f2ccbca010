"""Ask for a tenant from a process that only serves: a worker of queue ops, which owns the database, makes it.

What was asked and how far it is stands in Valkey beside the message itself, for a day; the tenant's row is the truth afterwards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from uuid import UUID

from django.contrib.admin.models import ADDITION, LogEntry
from django.core.cache import cache
from django.db import DatabaseError

from nexod.kernel.errors import NexodError, NotFound
from nexod.kernel.identifiers import new_id
from nexod.kernel.queue import enqueue_platform
from nexod.kernel.secrets import decrypt, encrypt
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.actions.domains import require_free_domain
from tenants.actions.provisioning import FirstAdmin, TenantExists, provision_tenant
from tenants.models import Tenant

KEPT_S = 24 * 3600
BOUND_TO = "tenant requests"
WAITING, WORKING, DONE, FAILED = "waiting", "working", "done", "failed"


@dataclass(frozen=True, slots=True)
class TenantRequest:
    """A tenant that was asked for. ``sealed`` is the first owner's password; it is forgotten when the tenant is there."""

    id: str
    slug: str
    name: str
    domain: str
    plan: str
    email: str
    full_name: str
    sealed: str
    asked_by: str
    state: str = WAITING
    error: str = ""
    tenant: int | None = None


def request_tenant(
    *, actor: User, slug: str, name: str, domain: str, plan: str, email: str, full_name: str, password: str
) -> TenantRequest:
    """Return the request that a worker carries out soon; raises PermissionDenied, InvalidInput or TenantExists."""
    require_permission(actor, "tenants.add_tenant")
    host = require_free_domain(domain)
    if Tenant.objects.filter(slug=slug).exists():
        raise TenantExists(f"There is a tenant with the slug {slug!r} already.")
    request = TenantRequest(
        id=str(new_id()),
        slug=slug,
        name=name,
        domain=host,
        plan=plan,
        email=email.strip().lower(),
        full_name=full_name,
        sealed=encrypt(password, bound_to=BOUND_TO),
        asked_by=str(actor.pk),
    )
    _keep(request)
    enqueue_platform("tenants.provision", request=request.id)
    return request


def find_request(request: str | UUID) -> TenantRequest:
    """Return the request; raise NotFound when it is older than a day."""
    found = cache.get(_key(str(request)))
    if found is None:
        raise NotFound("That request is not known any more.")
    return TenantRequest(**found)


def provision_requested(*, request: str) -> None:
    """Make the tenant, and write down how it went; a message that comes again changes nothing."""
    asked = find_request(request)
    if asked.state == DONE:
        return
    _keep(replace(asked, state=WORKING, error=""))
    try:
        tenant = _provisioned(asked)
    except NexodError as error:
        _keep(replace(asked, state=FAILED, error=error.message))
        return
    except DatabaseError:
        _keep(replace(asked, state=FAILED, error="The database refused. The worker's log says why."))
        raise
    _keep(replace(asked, state=DONE, sealed="", tenant=tenant.pk))
    LogEntry.objects.log_actions(asked.asked_by, [tenant], ADDITION, "Provisioned.", single_object=True)


def _provisioned(asked: TenantRequest) -> Tenant:
    """Return the tenant; one that a message before this one made is found, not made twice."""
    known = Tenant.objects.filter(slug=asked.slug, domains__domain=asked.domain).first()
    if known is not None and asked.state == WORKING:
        return known
    admin = FirstAdmin(asked.email, decrypt(asked.sealed, bound_to=BOUND_TO), asked.full_name)
    return provision_tenant(slug=asked.slug, name=asked.name, domain=asked.domain, admin=admin, plan=asked.plan)


def _keep(request: TenantRequest) -> None:
    cache.set(_key(request.id), asdict(request), timeout=KEPT_S)


def _key(request: str) -> str:
    return f"tenant-request-{request}"
