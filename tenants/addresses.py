"""Where a tenant is reached from outside, for links that are not answers to a request."""

from __future__ import annotations

from django.conf import settings

from tenants.context import current_tenant, enter_platform
from tenants.models import Domain


def address(path: str) -> str:
    """Return the whole address of ``path`` (``/api/...``) at the current tenant's first host.

    Its form is NEXOD_ADDRESS, such as ``https://{host}``; a tenant without a host gives the path alone.
    """
    tenant = current_tenant()
    with enter_platform():
        found = Domain.objects.filter(tenant=tenant.pk).order_by("-is_primary", "domain")
        host = found.values_list("domain", flat=True).first()
    return f"{settings.NEXOD_ADDRESS.format(host=host)}{path}" if host else path
