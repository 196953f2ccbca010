"""Define plans, and what a tenant is called and which plan it has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from nexod.kernel.errors import Conflict
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.actions.lifecycle import set_status
from tenants.messages import enqueue_kept_for
from tenants.models import DueTime, Plan, Tenant


class PlanInUse(Conflict):
    """Tenants have this plan. Give them another one first."""

    code = "plan_in_use"


@transaction.atomic
def save_plan(*, actor: User, plan: Plan | None = None, **fields: Any) -> Plan:
    """Return a new plan, or the changed one; raises PermissionDenied or ValidationError."""
    require_permission(actor, "tenants.change_plan" if plan else "tenants.add_plan")
    row = plan or Plan()
    before = Plan.objects.filter(pk=row.pk).first()  # a form has written into ``plan`` already
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()
    if before and _allows_more(before, row):
        _let_look(row.tenants.all())
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
    rows = Tenant.objects.filter(pk=tenant.pk)
    before = Plan.objects.get(tenants=tenant)
    rows.update(name=name, plan=plan)
    if _allows_more(before, plan):
        _let_look(rows)
    tenant.name, tenant.plan = name, plan
    return tenant


def _months(plan: Plan) -> list[Decimal]:
    """Return what a month may use; without a limit it is infinite."""
    return [Decimal(limit or "Infinity") for limit in (plan.tokens_per_month, plan.cost_usd_per_month)]


def _allows_more(before: Plan, now: Plan) -> bool:
    return any(new > old for old, new in zip(_months(before), _months(now), strict=True))


def _let_look(tenants: QuerySet[Tenant]) -> None:
    """Have documents and vectors that wait for room in these tenants' month look again, once the transaction commits."""
    enqueue_kept_for(tenants.filter(status=Tenant.Status.ACTIVE), DueTime.Kind.ROOM)


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
