"""Shared documents in the tenant's schema: a snapshot, and a log that is never longer than opening can afford."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pycrdt
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Case, OuterRef, Sum, When
from django.db.models.functions import Greatest, Length

from collaboration.crdt.committed import document_of
from collaboration.crdt.replica import EMPTY
from collaboration.crdt.subjects import subject_of
from collaboration.models import DocumentUpdate, SharedDocument
from nexod.kernel import topics
from nexod.kernel.errors import NotFound, TooLarge
from tenants.accounts.models import User
from tenants.context import current_tenant

DOCUMENT_LIMIT = 8 * 1024 * 1024
# What a subject that never gets to it would have kept of a log.
KEPT_LIMIT = 20_000
# A hint carries its update unless that is so large that who needs it better reads it.
CARRIED_LIMIT = 64 * 1024

APPEND = """
WITH grown AS (
    UPDATE collaboration_shareddocument
    SET last_seq = last_seq + %(count)s, size = size + %(bytes)s, updated_at = now()
    WHERE name = %(name)s
    RETURNING id, last_seq - %(count)s AS before, size
), kept AS (
    INSERT INTO collaboration_documentupdate (document_id, seq, update, author_id, at)
    SELECT grown.id, grown.before + given.position, given.update, given.author, now()
    FROM grown, unnest(%(updates)s::bytea[], %(authors)s::uuid[]) WITH ORDINALITY AS given (update, author, position)
)
SELECT before, size FROM grown
"""


class Edit(NamedTuple):
    """What one person changed: a Yjs update, and whose it is (None is nobody's)."""

    update: bytes
    author: UUID | None


class Kept(NamedTuple):
    """Where a batch stands in the log: after ``before``, up to ``seq``; and the document's bytes with it."""

    before: int
    seq: int
    size: int


class Rest(NamedTuple):
    """What somebody lacks: the updates in their order, the newest one's number, and the document's bytes with them."""

    updates: list[bytes]
    seq: int
    size: int


def opened(name: str) -> tuple[bytes, int]:
    """Return the whole document as one update, and the number of the newest in it; begin it if it is new.

    Raises NotFound when there is nothing that it could be about.
    """
    updates, seq, _ = parts(name)
    return document_of(updates).get_update() if updates else EMPTY, seq


def parts(name: str) -> Rest:
    """Return what ``opened`` returns as several updates, in order."""
    found = _read(name)
    if found is None:
        _begin(name)
        found = _read(name)
    if found is None:
        raise NotFound("There is no such document.")
    return found


def is_there(name: str) -> bool:
    """Say whether somebody has opened the document before."""
    return SharedDocument.objects.filter(name=name).exists()


@transaction.atomic
def append(name: str, updates: Sequence[bytes], author: User | None) -> int:
    """Change the document as ``author`` and tell everybody who edits it; return the number of the newest update.

    The updates must be made from what ``opened`` returned. Raises NotFound for a document that nobody has opened, or TooLarge,
    and then keeps nothing.
    """
    kept = append_edits(name, [Edit(update, author.pk if author else None) for update in updates])
    if kept.size > DOCUMENT_LIMIT:
        raise TooLarge("The document is larger than 8 MB.")
    return kept.seq


@transaction.atomic
def append_edits(name: str, edits: Sequence[Edit]) -> Kept:
    """Keep the edits, in their order, in one commit, and publish them after it; raise NotFound when the document is gone."""
    values: dict[str, Any] = {
        "name": name,
        "count": len(edits),
        "bytes": sum(len(edit.update) for edit in edits),
        "updates": [edit.update for edit in edits],
        "authors": [edit.author for edit in edits],
    }
    with connection.cursor() as cursor:
        cursor.execute(APPEND, values)
        row = cursor.fetchone()
    if row is None:
        raise NotFound("The document is gone.")
    kept = Kept(row[0], row[0] + len(edits), row[1])
    merged = pycrdt.merge_updates(*(edit.update for edit in edits)) if len(edits) > 1 else edits[0].update
    message: dict[str, Any] = {"before": kept.before, "seq": kept.seq, "size": kept.size}
    _publish(name, message | ({"update": merged} if len(merged) <= CARRIED_LIMIT else {}))
    return kept


def since(name: str, seq: int) -> Rest:
    """Return the updates beyond ``seq``, with a snapshot for those that are not kept one by one."""
    found = _read(name, after=seq)
    if found is None:
        raise NotFound("The document is gone.")
    return found


def compacted(name: str) -> None:
    """Make the log part of the snapshot."""
    updates, seq, _ = parts(name)
    compact(name, document_of(updates).get_update(), seq)


@transaction.atomic
def compact(name: str, snapshot: bytes, seq: int) -> None:
    """Put ``snapshot``, which has everything up to ``seq``, in the place of the log up to there.

    What the document's subject still needs of the log stays for it; nobody reads it to open the document.
    """
    row = SharedDocument.objects.select_for_update().filter(name=name, snapshot_seq__lt=seq).first()
    if row is None:
        return
    subject, pk = subject_of(name)
    needed = subject.needed(pk)
    old = row.updates.filter(seq__lte=seq if needed is None else max(min(seq, needed), seq - KEPT_LIMIT))
    row.snapshot, row.snapshot_seq = snapshot, seq
    row.size = len(snapshot) + (row.updates.filter(seq__gt=seq).aggregate(bytes=Sum(Length("update")))["bytes"] or 0)
    row.save(update_fields=["snapshot", "snapshot_seq", "size"])
    old.delete()


def forget(name: str) -> None:
    """Delete the document and show its editors out."""
    with transaction.atomic():
        # Whoever writes down meanwhile that it was read has done so before, or finds it gone.
        row = SharedDocument.objects.select_for_update().filter(name=name).first()
        if row is not None:
            row.delete()
            _publish(name, {"gone": True})


def _read(name: str, after: int = -1) -> Rest | None:
    """Read document and log in one statement: between two, a snapshot could take what neither has seen."""
    beyond = Greatest(OuterRef("snapshot_seq"), after)
    log = DocumentUpdate.objects.filter(document=OuterRef("pk"), seq__gt=beyond).order_by("seq").values("update")
    whole = Case(When(snapshot_seq__gt=after, then="snapshot"), default=None)
    rows = SharedDocument.objects.filter(name=name).annotate(log=ArraySubquery(log), whole=whole)
    row = rows.values_list("whole", "log", "last_seq", "size").first()
    return row and Rest([bytes(update) for update in (row[0], *row[1]) if update], row[2], row[3])


@transaction.atomic
def _begin(name: str) -> None:
    """Make the document of what it is about. Of several at once the first one's stays, and theirs would be the same."""
    subject, pk = subject_of(name)
    subject.require(pk)
    first = subject.first(pk)
    SharedDocument.objects.bulk_create(
        [SharedDocument(name=name, snapshot=first, size=len(first))], ignore_conflicts=True
    )


def _publish(name: str, message: dict[str, Any]) -> None:
    topics.publish(topics.document_topic(current_tenant().pk, name), message)
