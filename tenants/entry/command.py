"""The command door: management commands that work inside a tenant name it by slug."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from nexod.kernel.errors import NexodError
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant


@contextmanager
def tenant_by_slug(slug: str) -> Iterator[Tenant]:
    """Work inside the tenant with that slug; raise CommandError when it is unknown or suspended."""
    with enter_platform():
        tenant = Tenant.objects.select_related("plan").filter(slug=slug).first()
    if tenant is None:
        raise CommandError(f"There is no tenant with the slug {slug!r}.")
    try:
        with enter_tenant(tenant):
            yield tenant
    except NexodError as error:
        raise CommandError(error.message) from error
