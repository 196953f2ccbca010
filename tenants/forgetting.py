"""Old rows are deleted a batch a commit, so that nobody waits for it, tenant after tenant, by a command that a daily job runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import QuerySet

from nexod.kernel.identifiers import first_id
from tenants.context import enter_platform, enter_tenant
from tenants.models import Tenant

BATCH = 5_000


def deleted(rows: QuerySet[Any]) -> int:
    """Delete the rows and what hangs on them, in the order of the query; return how many it was altogether."""
    total = 0
    while batch := list(rows.values_list("pk", flat=True)[:BATCH]):
        total += rows.model._default_manager.filter(pk__in=batch).delete()[0]
    return total


def before(rows: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
    """Return those that were written before, the oldest first, found by their ids: no index on their times is needed."""
    return rows.filter(pk__lt=first_id(moment)).order_by("pk")


class ForgetCommand(BaseCommand):
    """Active tenants only: of a suspended one nothing is deleted."""

    kept_days: int = 0
    """How long rows are kept unless the command is told otherwise; 0 where age alone does not decide."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take another age."""
        if self.kept_days:
            parser.add_argument("--days", type=int, default=self.kept_days, help="Keep for so long")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget, tenant by tenant, and say how much it was."""
        with enter_platform():
            tenants = list(Tenant.objects.filter(status=Tenant.Status.ACTIVE).order_by("pk"))
        for tenant in tenants:
            with enter_tenant(tenant):
                said = self.forget(options.get("days", 0))
            self.stdout.write(f"{tenant.slug}: {said}")

    def forget(self, days: int) -> str:
        """Delete what is older in the tenant that was entered; return how much it was, in words."""
        raise NotImplementedError
