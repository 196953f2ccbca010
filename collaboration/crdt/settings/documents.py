"""What settings get from their shared documents: their first bytes, changes from elsewhere, who is in them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pycrdt

from agents.settings.kinds import Kind, kind_of, kinds
from agents.settings.port import Draft
from collaboration.crdt import presence, store
from collaboration.crdt.committed import document_of
from collaboration.crdt.replica import EMPTY
from collaboration.crdt.settings.settling import name_of, settle, settle_locked
from collaboration.crdt.settings.shape import apply, empty, seed
from collaboration.crdt.shape.reading import TooDeep
from collaboration.crdt.shape.texts import three_way
from collaboration.crdt.subjects import Subject
from collaboration.drafts.reading import needed
from collaboration.models import SharedDocument
from nexod.kernel import topics
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.context import current_tenant
from tenants.records import Record

Json = dict[str, Any]
FIRST_CLIENT = 1
"""The client that every document begins with, so that two who begin one at once write the same."""


class Settings:
    """``agents.settings.port.SharedSettings``."""

    def is_there(self, kind: str, row: Record) -> bool:
        """Say whether anybody has opened the document."""
        return store.is_there(f"{kind}:{row.pk}")

    def draft(self, kind: str, row: Record) -> Draft | None:
        """Return what the document of a locked row says now; None where nobody has opened it."""
        found = kind_of(kind)
        settled = settle_locked(found, row)
        if settled is None:
            return None
        content, state = settled
        editing = presence.writers(current_tenant().pk, name_of(found, row.pk))
        return Draft(content, digest_of(content), state["problems"], state["changed"], editing)

    def change(self, *, actor: User, kind: str, row: Record, before: Json, after: Json) -> None:
        """Do to the document what leads from ``before`` to ``after``, and tell its editors how it stands to the row."""
        found = kind_of(kind)
        name = name_of(found, row.pk)
        if not SharedDocument.objects.select_for_update().filter(name=name).exists():
            return
        doc = document_of(store.since(name, -1).updates)
        known = doc.get_state()
        try:
            apply(doc, found, before, after)
        except TooDeep:
            empty(doc, found)
            seed(doc, found, after)
        update = doc.get_update(known)
        if doc.get_state() != known or update != EMPTY:
            store.append(name, [update], actor)
        settled = settle_locked(found, row)
        assert settled is not None
        topics.publish(topics.document_topic(current_tenant().pk, name), {"server": settled.state, "from": ""})

    def forget(self, kind: str, row: UUID) -> None:
        """The row is gone: show everybody out."""
        store.forget(f"{kind}:{row}")

    def merged_text(self, base: str, theirs: str, yours: str) -> str | None:
        """Return ``theirs`` with what leads from ``base`` to ``yours``."""
        return three_way(base, theirs, yours)


def _first(kind: Kind, row: UUID) -> bytes:
    """Return the update that the document of a row begins with, and lock the row; raise NotFound."""
    found = kind.model._default_manager.select_for_update(no_key=True).filter(pk=row).first()
    if found is None:
        raise NotFound("There are no such settings.")
    doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=FIRST_CLIENT)
    seed(doc, kind, kind.content(found))
    return doc.get_update()


def _require(kind: Kind, row: UUID) -> None:
    if not kind.model._default_manager.filter(pk=row).exists():
        raise NotFound("There are no such settings.")


def _needed(kind: Kind, row: UUID) -> int:
    return needed(name_of(kind, row))


def subjects() -> list[Subject]:
    """Return what the documents of settings can be about."""
    return [
        Subject(
            kind=kind.name,
            read=kind.permission("view"),
            write=kind.permission("change"),
            require=partial(_require, kind),
            first=partial(_first, kind),
            settled=partial(settle, kind),
            needed=partial(_needed, kind),
        )
        for kind in kinds()
    ]
