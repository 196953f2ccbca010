"""``manage.py forget_firings``: delete what came of triggers long ago; runs that were started stay. To be run by a daily job."""

from __future__ import annotations

from django.conf import settings

from tenants.forgetting import ForgetCommand
from workflows.actions.pruning import forget_firings


class Command(ForgetCommand):
    """Forgets firings that are over; what waits for its turn stays."""

    help = "Deletes firings that are older than NEXOD_FIRING_DAYS."

    @property
    def kept_days(self) -> int:  # type: ignore[override]
        """Return what the settings say now."""
        return int(settings.NEXOD_FIRING_DAYS)

    def forget(self, days: int) -> str:
        """Say how many it was."""
        return f"{forget_firings(days=days)} firings forgotten"
