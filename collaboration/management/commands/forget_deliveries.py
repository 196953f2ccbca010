"""``manage.py forget_deliveries``: delete what was sent to webhooks and mailboxes long ago. To be run by a daily job."""

from __future__ import annotations

from django.conf import settings

from collaboration.actions.forgetting import forget_deliveries
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Forgets deliveries that are over; what is still tried stays."""

    help = "Deletes deliveries that ended longer ago than NEXOD_DELIVERY_DAYS."

    @property
    def kept_days(self) -> int:  # type: ignore[override]
        """Return what the settings say now."""
        return int(settings.NEXOD_DELIVERY_DAYS)

    def forget(self, days: int) -> str:
        """Say how many it was."""
        return f"{forget_deliveries(days=days)} deliveries forgotten"
