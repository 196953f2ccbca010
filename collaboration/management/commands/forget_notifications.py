"""``manage.py forget_notifications``: delete what people were told long ago. To be run by a daily job."""

from __future__ import annotations

from django.conf import settings

from collaboration.actions.forgetting import forget_notifications
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Forgets old notifications, read or not."""

    help = "Deletes notifications that are older than NEXOD_NOTIFICATION_DAYS."

    @property
    def kept_days(self) -> int:  # type: ignore[override]
        """Return what the settings say now."""
        return int(settings.NEXOD_NOTIFICATION_DAYS)

    def forget(self, days: int) -> str:
        """Say how many it was."""
        return f"{forget_notifications(days=days)} notifications forgotten"
