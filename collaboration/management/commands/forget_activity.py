"""``manage.py forget_activity``: what people did, of every tenant, is kept for a year."""

from __future__ import annotations

from collaboration.actions.activity import forget_activity
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Runs and what became of them stay: they have rows of their own."""

    help = "Delete old lines of what people did"
    kept_days = 365

    def forget(self, days: int) -> str:
        """Delete what is older in this tenant."""
        return f"{forget_activity(days=days)} lines of what people did"
