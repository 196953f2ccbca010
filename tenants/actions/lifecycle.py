"""Suspend a tenant and let it work again."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from tenants.actions.tickets import wake_tickets_of
from tenants.models import Tenant

# What passed while a tenant was suspended is counted by these.
MOMENTS = {Tenant.Status.SUSPENDED: "suspended_at", Tenant.Status.ACTIVE: "resumed_at"}


@transaction.atomic
def set_status(*, tenant: Tenant, status: str) -> None:
    """Give the tenant another status; every door asks for it at the next message or request."""
    moment = MOMENTS.get(Tenant.Status(status))
    at = {moment: Now()} if moment else {}
    Tenant.objects.filter(pk=tenant.pk).exclude(status=status).update(status=Tenant.Status(status), **at)
    tenant.status = status
    if status == Tenant.Status.ACTIVE:
        wake_tickets_of(tenant)
