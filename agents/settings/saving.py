"""What was written together becomes what is used: exactly the state that a person saw, by that person, with who changed what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction

from agents.errors import SaveUnconfirmed, SettingsChanged
from agents.settings.kinds import Kind
from agents.settings.merging import merged
from agents.settings.port import Draft, followed, shared
from nexod.kernel import activity
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

Json = dict[str, Any]


@transaction.atomic
def settings_draft(*, actor: User, kind: Kind, row: Any) -> Draft:
    """Return what its document says, or what is saved where nobody has opened one. Raises PermissionDenied or NotFound."""
    require_permission(actor, kind.permission("view"))
    found = _locked(kind, row)
    return shared().draft(kind.name, found) or Draft(kind.content(found), "")


@transaction.atomic
def save_settings(*, actor: User, kind: Kind, row: Any, digest: str = "", note: str = "", confirm: bool = False) -> Any:
    """Store what the document says, if that is what the person saw (``digest``; empty: any), and return the row.

    Where nobody has opened a document there is nothing to store. Raises SettingsChanged when it is not what they saw,
    SaveUnconfirmed with who is editing and who changed what when it is not the actor's alone, PermissionDenied, NotFound,
    and what names the fields that are not valid.
    """
    require_permission(actor, kind.permission("change"))
    found = _locked(kind, row)
    draft = _seen(kind, found, digest)
    if draft is None:
        return found
    require_confirmed(actor, draft, confirm=confirm)
    kind.require_shape(draft.content)
    stored = _stored(actor, kind, found, draft.content, note, draft.changed)
    if draft.changed:
        activity.note(actor, "saved", kind.name, stored, fields=_fields(draft), contributors=contributors(draft))
    # What was stored may be written otherwise than it was given.
    shared().change(actor=actor, kind=kind.name, row=stored, before=draft.content, after=kind.content(stored))
    return stored


@transaction.atomic
def put_settings(*, actor: User, kind: Kind, row: Any, base: Json | None, given: Json, note: str = "") -> Any:
    """Store what a person changed in a form that showed ``base`` (None: what is there now), and return the row.

    Raises SettingsConflict where others changed the same meanwhile, PermissionDenied, and what names the fields.
    """
    require_permission(actor, kind.permission("change"))
    found = _locked(kind, row)
    now = kind.content(found)
    content = merged(kind, base=now if base is None else base, now=now, given=given)
    with followed(actor, kind.name, found):
        return _stored(actor, kind, found, content, note)


@transaction.atomic
def discard_settings(*, actor: User, kind: Kind, row: Any, digest: str = "") -> None:
    """Let the document say again what is saved, if it says what the person saw. Raises SettingsChanged and PermissionDenied."""
    require_permission(actor, kind.permission("change"))
    found = _locked(kind, row)
    draft = _seen(kind, found, digest)
    if draft is None:
        return
    shared().change(actor=actor, kind=kind.name, row=found, before=draft.content, after=kind.content(found))


def require_saved(kind: Kind, row: Any, digests: Collection[str]) -> None:
    """Lock the row; raise SettingsChanged unless what is saved is one of those states. Called in a transaction."""
    if digest_of(kind.content(_locked(kind, row))) not in digests:
        raise SettingsChanged


def others_in(draft: Draft, actor: User) -> tuple[list[Json], list[Json]]:
    """Return who else is editing, and what others than the actor changed."""
    me = str(actor.pk)
    changed = [{**one, "by": [who for who in one["by"] if who["id"] != me]} for one in draft.changed]
    return [one for one in draft.editing if one["id"] != me], [one for one in changed if one["by"]]


def require_confirmed(actor: User, draft: Draft, *, confirm: bool) -> None:
    """Raise SaveUnconfirmed with the facts unless all is the actor's own, or they said yes."""
    editing, changed = others_in(draft, actor)
    if confirm or not (editing or changed):
        return
    names = ", ".join(one["name"] for one in editing)
    authors = ", ".join(sorted({who["name"] for one in changed for who in one["by"]}))
    parts = [f"Edited right now by {names}." if names else "", f"Changed by {authors} as well." if authors else ""]
    raise SaveUnconfirmed(
        " ".join([*filter(None, parts), "Look at it, and confirm."]), details={"changed": changed, "editing": editing}
    )


def contributors(draft: Draft) -> list[str]:
    """Return the ids of all who changed what is not saved."""
    return sorted({who["id"] for one in draft.changed for who in one["by"]})


def _stored(actor: User, kind: Kind, row: Any, content: Json, note: str, written: Sequence[Json] = ()) -> Any:
    kind.allow(actor, row, content)
    kind.store(row, content)
    kind.keep(actor, row, note, written)
    return kind.model._default_manager.get(pk=row.pk)


def _fields(draft: Draft) -> list[str]:
    return [one["field"] for one in draft.changed]


def _locked(kind: Kind, row: Any) -> Any:
    found = kind.model._default_manager.select_for_update().filter(pk=row.pk).first()
    if found is None:
        raise NotFound("It is gone.")
    return found


def _seen(kind: Kind, row: Any, digest: str) -> Draft | None:
    draft = shared().draft(kind.name, row)
    if draft is not None and digest not in ("", draft.digest):
        raise SettingsChanged
    return draft
