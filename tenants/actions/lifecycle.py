"""Suspend a tenant and let it work again."""

from __future__ import annotations

from django.db import transaction

from tenants.actions.tickets import wake_tickets_of
from tenants.models import Tenant


@transaction.atomic
def set_status(*, tenant: Tenant, status: str) -> None:
    """Give the tenant another status; every door asks for it at the next message or request."""
    Tenant.objects.filter(pk=tenant.pk).update(status=Tenant.Status(status))
    tenant.status = status
    if status == Tenant.Status.ACTIVE:
        wake_tickets_of(tenant)
