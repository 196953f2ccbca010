"""``manage.py forget_approval_records``: delete the records of approvals that were over long ago. To be run by a daily job."""

from __future__ import annotations

from django.conf import settings

from tenants.forgetting import ForgetCommand
from workflows.actions.pruning import forget_approval_records


class Command(ForgetCommand):
    """Forgets what happened to approvals that are over; the approvals, with their decisions, stay."""

    help = "Deletes records of approvals that were over longer ago than NEXOD_APPROVAL_RECORD_DAYS."

    @property
    def kept_days(self) -> int:  # type: ignore[override]
        """Return what the settings say now."""
        return int(settings.NEXOD_APPROVAL_RECORD_DAYS)

    def forget(self, days: int) -> str:
        """Say how many entries it was."""
        return f"{forget_approval_records(days=days)} entries of records forgotten"
