"""A document as it was when it was read last, and what was changed in it since, by whom."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import pycrdt
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least

from collaboration.crdt.committed import document_of, taken
from collaboration.models import DocumentUpdate, SettledDocument, SharedDocument

KIND = "workflow"
NEVER = -1
Doc = pycrdt.Doc[Any]


class Log(NamedTuple):
    """The document up to ``settled_seq`` (NEVER: not yet), or its snapshot, if that is newer, and the updates since it was settled.

    ``told`` is what its editors were told then. Of the updates a newer snapshot has some already: applied again they change
    nothing, but tell who was there.
    """

    doc: Doc
    seq: int
    settled_seq: int
    told: dict[str, Any]
    is_whole: bool
    rest: list[tuple[bytes, UUID | None]]


def name_of(workflow: UUID) -> str:
    """Return what the document of a workflow's draft is called."""
    return f"{KIND}:{workflow}"


def is_settled(name: str) -> bool:
    """Say whether nothing was changed since the document was read last, or there is none."""
    rows = SharedDocument.objects.filter(name=name)
    return not rows.exclude(settled__seq__gte=F("last_seq")).exists()


def state_of(name: str) -> dict[str, Any] | None:
    """Return what the document's editors were told last, with the number of the update; None where nothing was."""
    row = SettledDocument.objects.filter(document__name=name).first()
    return {"seq": row.seq, **row.state} if row else None


def keep_state(name: str, seq: int, state: dict[str, Any]) -> None:
    """Write down what the document's editors are told, and that it was read up to there; nothing where it is gone by now."""
    document = SharedDocument.objects.select_for_update(no_key=True).only("pk").filter(name=name).first()
    if document is not None:
        SettledDocument.objects.update_or_create(document=document, defaults={"seq": seq, "state": state})


def needed(name: str) -> int:
    """Return the number of the last update that is not needed one by one any more."""
    return SettledDocument.objects.filter(document__name=name).values_list("seq", flat=True).first() or 0


def log_of(name: str, *, without_refused: bool = False) -> Log | None:
    """Return the document and its updates; None where nobody has opened it.

    ``without_refused`` leaves out updates of the rest that the library cannot take, which takes longer to find out.
    """
    # The log before the document: what is taken out of the log meanwhile is in the snapshot that is read then.
    log = list(_log(name))
    row = SharedDocument.objects.filter(name=name).select_related("settled").first()
    if row is None:
        return None
    settled_seq, told = (row.settled.seq, row.settled.state) if hasattr(row, "settled") else (NEVER, {})
    known = [bytes(row.snapshot)] if row.snapshot else []
    known += [bytes(update) for number, update, _ in log if row.snapshot_seq < number <= settled_seq]
    rest = [(bytes(update), author) for number, update, author in log if number > settled_seq]
    seq = max(row.snapshot_seq, log[-1][0] if log else row.snapshot_seq)
    if without_refused:
        refused = taken([document_of(known).get_update(), *(update for update, _ in rest)])[1]
        rest = [one for place, one in enumerate(rest, 1) if place not in refused]
    return Log(document_of(known), seq, settled_seq, told, row.snapshot_seq <= settled_seq, rest)


def _log(name: str) -> Any:
    """Return ``(seq, update, author)`` of what no snapshot has, and of what one has that was not settled when it was made."""
    rows = DocumentUpdate.objects.filter(document__name=name)
    rows = rows.annotate(known=Least("document__snapshot_seq", Coalesce("document__settled__seq", Value(NEVER))))
    return rows.filter(seq__gt=F("known")).order_by("seq").values_list("seq", "update", "author")
