"""A host name leads to a tenant, to the platform plane, or nowhere."""

from __future__ import annotations

from django.conf import settings
from django.db.models import CharField

from nexod.kernel.reads import Read
from tenants.context import PLATFORM, Place, TenantUnknown, enter_platform
from tenants.models import Domain

_domain = Read(lambda name: Domain.objects.select_related("tenant").filter(domain=name).order_by(), CharField())


def place_of(host: str) -> Place:
    """Return the place that ``host`` (with or without port) leads to; raise TenantUnknown or TenantSuspended."""
    name = normalised(host)
    if name in {normalised(platform) for platform in settings.NEXOD_PLATFORM_HOSTS}:
        return PLATFORM
    with enter_platform():
        domain = _domain.first(name)
    if domain is None:
        raise TenantUnknown
    domain.tenant.require_active()
    return Place(domain.tenant.schema_name, domain.tenant)


def normalised(host: str) -> str:
    """Return the bare, lower-case name in a Host header: no port, no trailing dot."""
    name, _, port = host.strip().lower().rpartition(":")
    if not (name and port.isdigit()):
        name = host.strip().lower()
    return name.removesuffix(".")
