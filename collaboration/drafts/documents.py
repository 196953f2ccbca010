"""What a workflow's draft gets from its shared document: its first bytes, changes from elsewhere, who is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import pycrdt

from collaboration.crdt import presence, store
from collaboration.crdt.replica import EMPTY
from collaboration.crdt.shape import apply, conflicts, definition_of, merged, seed
from collaboration.crdt.shape.reading import TooDeep
from collaboration.crdt.shape.values import merge_map
from collaboration.crdt.shape.writing import head_value
from collaboration.crdt.subjects import Subject
from collaboration.drafts.reading import KIND, log_of, name_of
from collaboration.drafts.settling import needed, settle, settle_locked
from collaboration.models import SharedDocument
from nexod.kernel.errors import NotFound
from tenants.accounts.models import User
from tenants.context import current_tenant
from workflows.drafts.port import Change
from workflows.errors import DraftConflict
from workflows.models import Workflow

Json = dict[str, Any]
Doc = pycrdt.Doc[Any]
FIRST_CLIENT = 1
"""The client that every draft's document begins with, so that two who begin one at once write the same."""
SHOWN = 20


class Drafts:
    """``workflows.drafts.port.SharedDrafts``."""

    def settle(self, workflow: Workflow) -> None:
        """Let the draft say what its document says."""
        settle_locked(workflow)

    def catch_up(self, workflow: UUID) -> None:
        """Settle the document of a workflow that nobody has locked, if it is not."""
        settle(workflow)

    def put(self, *, actor: User, workflow: Workflow, change: Change) -> bool:
        """Make the change in the document and settle it; return False where the draft has none. Raises DraftConflict."""
        if not _written(actor, workflow, lambda doc: _change(doc, change)):
            return False
        settle_locked(workflow, source=change.source, note=change.note)
        return True

    def rename(self, *, actor: User, workflow: Workflow, fields: Mapping[str, str]) -> None:
        """Let the document of a locked workflow say these ``name`` and ``description`` too, where it has one."""
        if _written(actor, workflow, lambda doc: _rename(doc, fields)):
            settle_locked(workflow)

    def forget(self, workflow: UUID) -> None:
        """The workflow is gone: show everybody out."""
        store.forget(name_of(workflow))

    def merged(self, now: Json, base: Json, after: Json) -> Json:
        """Return ``now`` with what leads from ``base`` to ``after``. Raises DraftConflict."""
        _require_agreement(now, base, after)
        return merged(now, base, after)

    def editors(self, workflow: UUID) -> list[Json]:
        """Return who has it open now and may write: ``{"id", "name"}``."""
        return presence.writers(current_tenant().pk, name_of(workflow))


def first(workflow: UUID) -> bytes:
    """Return the update that the document of a draft begins with, and lock the workflow; raise NotFound."""
    found = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow).first()
    draft = found.versions.order_by("number").values_list("definition", flat=True).first() if found else None
    if draft is None:
        raise NotFound("There is no such workflow.")
    doc = Doc(client_id=FIRST_CLIENT)
    seed(doc, draft)
    return doc.get_update()


def _require(workflow: UUID) -> None:
    if not Workflow.objects.filter(pk=workflow).exists():
        raise NotFound("There is no such workflow.")


def _written(actor: User, workflow: Workflow, change: Callable[[Doc], None]) -> bool:
    """Settle the document, then change it as ``actor``; return False where there is none."""
    name = name_of(workflow.pk)
    if not SharedDocument.objects.select_for_update().filter(name=name).exists():
        return False
    settle_locked(workflow)
    log = log_of(name)
    assert log is not None
    before = log.doc.get_state()
    change(log.doc)
    update = log.doc.get_update(before)
    if log.doc.get_state() != before or update != EMPTY:
        store.append(name, [update], actor)
    return True


def _rename(doc: Doc, fields: Mapping[str, str]) -> None:
    head = doc.get("workflow", type=pycrdt.Map)
    with doc.transaction():
        merge_map(head, {}, dict(fields), lambda name, value: head_value(name, value, {}))


def _change(doc: Doc, change: Change) -> None:
    try:
        now = definition_of(doc)
    except TooDeep:
        _empty(doc)
        now = definition_of(doc)
    if change.base is not None:
        _require_agreement(now, change.base, change.definition)
    apply(doc, now if change.base is None else change.base, change.definition)


def _empty(doc: Doc) -> None:
    for name in ("workflow", "nodes", "edges"):
        doc.get(name, type=pycrdt.Map).clear()


def _require_agreement(now: Json, base: Json, after: Json) -> None:
    found = conflicts(now, base, after)
    if found:
        raise DraftConflict(details=[asdict(conflict) for conflict in found[:SHOWN]])


SUBJECT = Subject(
    kind=KIND,
    read="workflows.view_workflow",
    write="workflows.change_workflow",
    require=_require,
    first=first,
    settled=settle,
    needed=needed,
)
