"""What a workflow's draft asks of the document in which people edit it together. Whoever has such documents registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from tenants.accounts.models import User
from workflows.errors import DraftChanged
from workflows.models import Workflow

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A draft that somebody made: of which state (None: of the one that is there now), and how it came."""

    definition: Json
    base: Json | None = None
    source: str = "saved"
    note: str = ""


class SharedDrafts(Protocol):
    """Shared documents of drafts. All of this is called inside the tenant; ``put`` and ``settle`` take a locked workflow."""

    def settle(self, workflow: Workflow) -> None:
        """Let the draft say what its document says."""

    def catch_up(self, workflow: UUID) -> None:
        """Settle the document of a workflow that nobody has locked, if it is not."""

    def put(self, *, actor: User, workflow: Workflow, change: Change) -> bool:
        """Make the change in the document and settle it; return False where the draft has none. Raises DraftConflict."""

    def rename(self, *, actor: User, workflow: Workflow, fields: Mapping[str, str]) -> None:
        """Let the document of a locked workflow say these ``name`` and ``description`` too, where it has one."""

    def forget(self, workflow: UUID) -> None:
        """The workflow is gone, and so is its document."""

    def merged(self, now: Json, base: Json, after: Json) -> Json:
        """Return ``now`` with what leads from ``base`` to ``after``. Raises DraftConflict."""

    def editors(self, workflow: UUID) -> list[Json]:
        """Return who has it open now and may write: ``{"id", "name"}``."""


class _Alone:
    """Nobody shares anything."""

    def settle(self, workflow: Workflow) -> None:
        """Nothing is ahead of the draft."""

    def catch_up(self, workflow: UUID) -> None:
        """Nothing is ahead of the draft."""

    def put(self, *, actor: User, workflow: Workflow, change: Change) -> bool:
        """There is no document."""
        return False

    def rename(self, *, actor: User, workflow: Workflow, fields: Mapping[str, str]) -> None:
        """There is no document."""

    def forget(self, workflow: UUID) -> None:
        """There is no document."""

    def merged(self, now: Json, base: Json, after: Json) -> Json:
        """Nothing merges."""
        raise DraftChanged

    def editors(self, workflow: UUID) -> list[Json]:
        """Nobody is there."""
        return []


_shared: SharedDrafts = _Alone()


def register(drafts: SharedDrafts) -> None:
    """Let drafts have these documents."""
    global _shared
    _shared = drafts


def shared() -> SharedDrafts:
    """Return what was registered."""
    return _shared
