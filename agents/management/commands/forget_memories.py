"""``manage.py forget_memories``: let fade what nobody recalls. To be run by a daily job."""

from __future__ import annotations

from agents.actions.memories import forget_faint
from tenants.forgetting import ForgetCommand


class Command(ForgetCommand):
    """Forgets by strength, in which age is only a part."""

    help = "Forgets memories that have faded, and those that were replaced long ago; what people keep on purpose stays."

    def forget(self, days: int) -> str:
        """Say how many of both it was."""
        faint, replaced = forget_faint()
        return f"{faint} faint and {replaced} replaced memories forgotten"
