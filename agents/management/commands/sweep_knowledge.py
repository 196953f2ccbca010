"""``manage.py sweep_knowledge``: what processes that died have left of documents and vectors. To be run by a daily job."""

from __future__ import annotations

from agents.actions.sweeping import sweep
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Looks at each tenant from inside: of another one it sees neither files nor vectors."""

    help = "Deletes files and vectors that no document has, and builds the indexes that are missing."

    def forget(self, days: int) -> str:
        """Say how much of each it was."""
        found = sweep()
        return (
            f"{found.files} files ({found.bytes / 1e6:.1f} MB), {found.namespaces} namespaces and {found.indexes} indexes"
            f" that nothing refers to deleted; {found.wanting} missing indexes ordered"
        )
