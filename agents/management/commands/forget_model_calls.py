"""``manage.py forget_model_calls``: delete what is too old of single calls; the sums of each day stay. To be run by a daily job."""

from __future__ import annotations

from django.conf import settings

from agents.actions.forgetting import forget_old
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Forgets model calls, and what budgets counted in periods long past."""

    help = (
        "Deletes model calls that are older than NEXOD_MODEL_CALL_DAYS, and what budgets counted in periods long past."
    )

    @property
    def kept_days(self) -> int:  # type: ignore[override]
        """Return what the settings say now."""
        return int(settings.NEXOD_MODEL_CALL_DAYS)

    def forget(self, days: int) -> str:
        """Say how many calls and periods it was."""
        calls, windows = forget_old(days=days)
        return f"{calls} calls and {windows} periods of budgets forgotten"
