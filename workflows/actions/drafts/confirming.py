"""What a publisher should know first: who changed what since the last version, and who is editing now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from tenants.accounts.models import User
from workflows.drafts.port import shared
from workflows.drafts.sentences import sentences
from workflows.drafts.told import joined
from workflows.errors import PublishUnconfirmed
from workflows.models import DraftEdit, Workflow

Json = dict[str, Any]
EDITS_SHOWN = 500
_NOTED: dict[str, str] = {DraftEdit.Source.RESTORED: "restored: ", DraftEdit.Source.IMPORTED: "imported: "}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one person changed since the last version."""

    id: str
    name: str
    ended_at: datetime
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands beside the button."""

    changed: list[Contribution]
    editing: list[Json]

    def others(self, actor: User) -> Facts:
        """Return what is not the actor's own."""
        me = str(actor.pk)
        changed = [one for one in self.changed if one.id != me and one.sentences]
        return Facts(changed, [one for one in self.editing if one["id"] != me])


def facts_of(workflow: Workflow) -> Facts:
    """Return who changed what since the last version was published, the latest first, and who has the draft open now."""
    rows = DraftEdit.objects.filter(workflow=workflow, closed=False).select_related("author")
    by: dict[str, list[DraftEdit]] = {}
    for edit in rows[:EDITS_SHOWN]:
        by.setdefault(str(edit.author_id or ""), []).append(edit)
    found = [_contribution(author, edits) for author, edits in by.items()]
    return Facts(found, shared().editors(workflow.pk))


def require_confirmed(actor: User, facts: Facts, *, confirm: bool) -> None:
    """Raise PublishUnconfirmed with the facts unless the draft is the actor's alone, or they said yes."""
    others = facts.others(actor)
    if confirm or not (others.changed or others.editing):
        return
    changed = [asdict(one) | {"ended_at": one.ended_at.isoformat()} for one in others.changed]
    raise PublishUnconfirmed(_why(others), details={"changed": changed, "editing": others.editing})


def close_history(workflow: Workflow) -> None:
    """Let later changes be those since the version that is published now."""
    open_ = DraftEdit.objects.filter(workflow=workflow, closed=False)
    open_.update(closed=True, updated_at=timezone.now())


def _contribution(author: str, edits: list[DraftEdit]) -> Contribution:
    changes: list[Json] = []
    for edit in reversed(edits):
        changes = joined(changes, edit.changes)
    notes = [f"{_NOTED.get(edit.source, '')}{edit.note}" for edit in edits if edit.note]
    name = str(edits[0].author) if edits[0].author else "Somebody who is gone"
    return Contribution(author, name, edits[0].ended_at, [*sentences(changes), *notes])


def _why(others: Facts) -> str:
    names = ", ".join(one["name"] for one in others.editing)
    changed = ", ".join(one.name for one in others.changed)
    parts = [f"Edited right now by {names}." if names else "", f"Changed by {changed} as well." if changed else ""]
    return " ".join(filter(None, parts)) + " Look at it, and confirm."
