"""``manage.py rotate_secrets``: encrypt every stored secret with the first of NEXOD_FIELD_KEYS, so that the others can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from nexod.kernel.secrets import SecretUnreadable, renewed_in
from tenants.context import enter_platform, enter_schema_as_owner
from tenants.models import Tenant
from tenants.schema import OWNER

PREFIX = "encrypted_"
"""What every column is called that keeps a secret; idempotency's short-lived answers are the exception."""


class Command(BaseCommand):
    """Suspended tenants are no exception: they may come back when the old key is long gone."""

    help = "Encrypts every stored secret of every tenant with the first of NEXOD_FIELD_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Renew what is old, tenant by tenant, and say how much it was; fail where something cannot be read."""
        unreadable = []
        with enter_platform():
            tenants = list(Tenant.objects.exclude(status=Tenant.Status.ERASED).order_by("pk"))
        for tenant in tenants:
            renewed, lost = _renewed(tenant.schema_name)
            unreadable += [f"{tenant.slug}: {what}" for what in lost]
            self.stdout.write(f"{tenant.slug}: {renewed} secrets renewed")
        if unreadable:
            raise CommandError("None of the keys reads these; give them again: " + "; ".join(unreadable))


def _renewed(schema: str) -> tuple[int, list[str]]:
    """Return how many rows of the tenant were renewed, and which could not be read."""
    renewed, lost = 0, []
    with enter_schema_as_owner(schema), transaction.atomic(using=OWNER):
        for field in secret_fields():
            rows = field.model._base_manager.using(OWNER).select_for_update().only("pk", field.attname)
            for row in rows.order_by("pk"):
                before = getattr(row, field.attname)
                try:
                    after = renewed_in(before)
                except SecretUnreadable:
                    lost.append(f"{field.model._meta.label} {row.pk}")
                    continue
                if after != before:
                    renewed += field.model._base_manager.using(OWNER).filter(pk=row.pk).update(**{field.attname: after})
    return renewed, lost


def secret_fields() -> Iterator[models.Field[Any, Any]]:
    """Yield every column of a tenant's tables that keeps secrets, in whichever app."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if field.name.startswith(PREFIX) and model._meta.managed:
                yield field
