"""What settings ask of the document in which people write them together. Whoever has such documents registers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from agents.content import CONTENTS
from nexod.kernel import activity
from tenants.accounts.models import User
from tenants.records import Record

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the document says, the hash of that, and ``{"field", "by": [{"id", "name"}]}`` of what is not saved."""

    content: Json
    digest: str
    problems: list[Json] = field(default_factory=list)
    changed: list[Json] = field(default_factory=list)
    editing: list[Json] = field(default_factory=list)
    """Who has it open now and may write: ``{"id", "name"}``."""


class SharedSettings(Protocol):
    """Shared documents of settings. All of this is called inside the tenant, in a transaction that has locked the row."""

    def is_there(self, kind: str, row: Record) -> bool:
        """Say whether anybody has opened the document."""

    def draft(self, kind: str, row: Record) -> Draft | None:
        """Return what the document says now; None where nobody has opened it."""

    def change(self, *, actor: User, kind: str, row: Record, before: Json, after: Json) -> None:
        """Do to the document what leads from ``before`` to ``after``, and tell who has it open how it stands to the row."""

    def forget(self, kind: str, row: UUID) -> None:
        """The row is gone, and so is its document."""

    def merged_text(self, base: str, theirs: str, yours: str) -> str | None:
        """Return ``theirs`` with what leads from ``base`` to ``yours``; None where nothing merges."""


class _Alone:
    """Nobody shares anything."""

    def is_there(self, kind: str, row: Record) -> bool:
        """There is no document."""
        return False

    def draft(self, kind: str, row: Record) -> Draft | None:
        """There is no document."""
        return None

    def change(self, *, actor: User, kind: str, row: Record, before: Json, after: Json) -> None:
        """There is no document."""

    def forget(self, kind: str, row: UUID) -> None:
        """There is no document."""

    def merged_text(self, base: str, theirs: str, yours: str) -> str | None:
        """Nothing merges."""
        return None


_shared: SharedSettings = _Alone()


def register(settings: SharedSettings) -> None:
    """Let settings have these documents."""
    global _shared
    _shared = settings


def shared() -> SharedSettings:
    """Return what was registered."""
    return _shared


@contextmanager
def followed(actor: User, kind: str, row: Record) -> Iterator[None]:
    """Let the document of a locked row say, too, what is changed in the row inside the block, and people read that it was."""
    before = _content(kind, row)
    yield
    after = _content(kind, row)
    if shared().is_there(kind, row):
        shared().change(actor=actor, kind=kind, row=row, before=before, after=after)
    if fields := [name for name in after if after[name] != before[name]]:
        activity.note(actor, "saved", kind, row, after["name"], fields=fields)


def _content(kind: str, row: Record) -> Json:
    return CONTENTS[kind](type(row)._default_manager.get(pk=row.pk))
