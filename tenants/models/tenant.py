"""Tenants and the hosts that lead to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django_tenants.models import DomainMixin, TenantMixin

from tenants.context import TenantSuspended, TenantUnknown
from tenants.models.plan import Plan
from tenants.records import Timestamped


class Tenant(Timestamped, TenantMixin):  # type: ignore[django-manager-missing]
    """An organisation whose data lives in a schema, behind a role, of its own."""

    class Status(models.TextChoices):
        """What a tenant may do: everything, nothing for now, nothing any more."""

        ACTIVE = "active"
        SUSPENDED = "suspended"
        ERASED = "erased"

    # Schemas are made by tenants.actions.provisioning, in one transaction with their role.
    auto_create_schema = False
    auto_drop_schema = False

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="tenants")
    suspended_at = models.DateTimeField(null=True, editable=False, help_text="When it was suspended last")
    resumed_at = models.DateTimeField(null=True, editable=False, help_text="When it was let work again last")
    schema_version = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tenant_schema_is_opaque", condition=models.Q(schema_name__regex=r"^t_[a-z0-9]{1,40}$")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def require_active(self) -> None:
        """Raise TenantSuspended or TenantUnknown unless the tenant may work."""
        if self.status == self.Status.SUSPENDED:
            raise TenantSuspended
        if self.status != self.Status.ACTIVE:
            raise TenantUnknown


class Domain(DomainMixin):
    """A host that leads to a tenant."""

    class Meta:
        ordering = ("domain",)
        constraints: ClassVar = [
            models.CheckConstraint(name="domain_is_lower_case", condition=models.Q(domain=Lower("domain")))
        ]

    def __str__(self) -> str:
        return str(self.domain)
