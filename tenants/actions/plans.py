"""Define plans, and what a tenant is called and which plan it has."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from nexod.kernel.errors import Conflict
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.actions.lifecycle import set_status
from tenants.models import Plan, Tenant


class PlanInUse(Conflict):
    """Tenants have this plan. Give them another one first."""

    code = "plan_in_use"


@transaction.atomic
def save_plan(*, actor: User, plan: Plan | None = None, **fields: Any) -> Plan:
    """Return a new plan, or the changed one; raises PermissionDenied or ValidationError."""
    require_permission(actor, "tenants.change_plan" if plan else "tenants.add_plan")
    row = plan or Plan()
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    return row


@transaction.atomic
def delete_plan(*, actor: User, plan: Plan) -> None:
    """Delete a plan that no tenant has; raises PlanInUse."""
    require_permission(actor, "tenants.delete_plan")
    if plan.tenants.exists():
        raise PlanInUse
    plan.delete()


@transaction.atomic
def update_tenant(*, actor: User, tenant: Tenant, name: str, plan: Plan) -> Tenant:
    """Change what the tenant is called and which plan it has."""
    require_permission(actor, "tenants.change_tenant")
    Tenant.objects.filter(pk=tenant.pk).update(name=name, plan=plan)
    tenant.name, tenant.plan = name, plan
    return tenant


def suspend_tenant(*, actor: User, tenant: Tenant) -> None:
    """Close every door of the tenant until it is resumed; its data stays. Raises Conflict unless it is active."""
    _change_status(actor, tenant, Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED)


def resume_tenant(*, actor: User, tenant: Tenant) -> None:
    """Open the tenant's doors again. Raises Conflict unless it is suspended."""
    _change_status(actor, tenant, Tenant.Status.SUSPENDED, Tenant.Status.ACTIVE)


def _change_status(actor: User, tenant: Tenant, now: str, then: str) -> None:
    require_permission(actor, "tenants.change_tenant")
    if tenant.status != now:
        raise Conflict(f"The tenant is {tenant.status}.")
    set_status(tenant=tenant, status=then)
