"""The draft follows its document: read, validated, written down with who changed what. Any process may do it, one at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction

from collaboration.crdt.shape.normal import normal
from collaboration.crdt.shape.reading import TooDeep, definition_and_keys
from collaboration.drafts import reading
from collaboration.drafts.authorship import UpdateRefused, replayed
from collaboration.drafts.reading import Log, keep_state, log_of, name_of
from nexod.kernel.digests import digest_of
from workflows.actions.drafts.following import follow
from workflows.actions.references import TenantReferences
from workflows.definitions import validate
from workflows.definitions.shape import shaped
from workflows.drafts.told import told
from workflows.models import Workflow

Json = dict[str, Any]
TOGETHER = "together"
NOTHING: Json = {"nodes": [], "edges": []}
TOO_DEEP = {"code": "too_large", "message": "The document is nested too deep to be read.", "node": "", "field": ""}


def settle(workflow: UUID) -> Json | None:
    """Settle the document of a draft and return what its editors are told: ``{"seq", "problems", "digest"}``."""
    if not reading.is_settled(name_of(workflow)):
        with transaction.atomic():
            found = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow).first()
            if found is not None:
                settle_locked(found)
    return state_of(workflow)


def state_of(workflow: UUID) -> Json | None:
    """Return what editors were told last; None where nothing was."""
    return reading.state_of(name_of(workflow))


def needed(workflow: UUID) -> int:
    """Return the number of the last update that is not needed one by one any more."""
    return reading.needed(name_of(workflow))


def settle_locked(workflow: Workflow, *, source: str = TOGETHER, note: str = "") -> None:
    """Settle the document of a workflow that is locked, unless it is."""
    log = log_of(name_of(workflow.pk))
    if log is None or (log.seq <= log.settled_seq and not note):
        return
    try:
        _settle(workflow, log, source=source, note=note)
    except UpdateRefused:
        log = log_of(name_of(workflow.pk), without_refused=True)
        assert log is not None
        _settle(workflow, log, source=source, note=note)


def _settle(workflow: Workflow, log: Log, *, source: str, note: str) -> None:
    """Read the document and write down what it says; raise UpdateRefused, before anything is written."""
    draft = workflow.versions.filter(number=0).values_list("definition", flat=True).first() or NOTHING
    before, keys = _before(log, draft)
    touched = replayed(log)
    try:
        after, now = definition_and_keys(log.doc)
    except TooDeep:
        _write(workflow, log.seq, [TOO_DEEP], draft)
        return
    renames = _renames(keys, now)
    edits = touched.by_author(told(before, after, renames), {**keys, **now})
    readable, _ = shaped(after)
    kept = draft if readable is None or normal(draft) == after else after
    if readable is not None and source == TOGETHER:
        _rename(workflow, before, after)
    follow(workflow, kept, edits, source=source, note=note)
    _write(workflow, log.seq, [asdict(problem) for problem in validate(after, TenantReferences())], kept)


def _before(log: Log, draft: Json) -> tuple[Json, dict[str, str]]:
    """Return what the document said when it was settled last, and the keys of its nodes."""
    try:
        found, keys = definition_and_keys(log.doc)
    except TooDeep:
        return normal(draft), {}
    return (found if log.is_whole else normal(draft)), keys


def _write(workflow: Workflow, seq: int, problems: list[Json], draft: Json) -> None:
    keep_state(name_of(workflow.pk), seq, {"problems": problems, "digest": digest_of(draft)})


def _renames(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """Return old -> new ids of the nodes whose id was changed and that no other node has."""
    called = {key: id_ for id_, key in after.items()}
    return {
        id_: called[key]
        for id_, key in before.items()
        if key in called and called[key] != id_ and id_ not in after and called[key] not in before
    }


def _rename(workflow: Workflow, before: Json, after: Json) -> None:
    """Let the workflow be called what its editors called it."""
    names = {"name": 120, "description": 2000}
    fields = {
        field: after.get(field, "")
        for field, longest in names.items()
        if after.get(field, "") != before.get(field, "") and len(str(after.get(field, ""))) <= longest
    }
    if not fields.get("name", "named").strip():
        del fields["name"]
    if fields:
        Workflow.objects.filter(pk=workflow.pk).update(**fields)
