"""Carry out what was ordered for vector spaces: build them, tell their stores what changed, let them serve, clear them.

Workers of queue ingest do it, in turns; what one has done is kept with each batch, so that the next goes on from there.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from agents.actions.spaces import retire
from agents.knowledge import spaces
from agents.knowledge.embedding import EmbeddingUnusable
from agents.knowledge.errors import StoreUnavailable
from agents.knowledge.index import place
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.base import Entry
from agents.knowledge.stores.indexing import is_wanting, look_at
from agents.models import Chunk, KnowledgeBase, StoreConnection, VectorChange, VectorSpace
from nexod.kernel.errors import NexodError
from nexod.kernel.queue import enqueue
from tenants.context import release_connections
from tenants.due_times import later, set_due
from tenants.models import DueTime

BATCH, SENT = 256, 200
LEASE = timedelta(minutes=2)
AGAIN_S, UNAVAILABLE_S = 5, 20
TURN_S = 3.0
"""So long a space is built at a stretch; then other work has its turn."""
State = VectorSpace.State


def work_on(*, space: UUID) -> None:
    """Do what is to be done for a space: build it, tell its store what changed, put it in its place, clear it. Again is safe."""
    free = Q(sending_until=None) | Q(sending_until__lt=timezone.now())
    if not VectorSpace.objects.filter(free, pk=space).update(sending_until=_lease()):
        if VectorSpace.objects.filter(pk=space).exists():
            set_due(DueTime.Kind.VECTORS, space, later(AGAIN_S))
        return
    found = VectorSpace.objects.select_related("knowledge_base", "connection").get(pk=space)
    try:
        wait_s = _worked_on(found)
    except NexodError as error:
        reason = {"code": error.code, "message": error.message}
        VectorSpace.objects.filter(pk=space).update(error=reason)
        wait_s = _again_s(error)
        if isinstance(error, EmbeddingUnusable):
            VectorSpace.objects.filter(pk=space, state=State.BUILDING).update(state=State.FAILED)
            wait_s = None
    VectorSpace.objects.filter(pk=space).update(sending_until=None)
    if wait_s is not None:
        set_due(DueTime.Kind.VECTORS, space, later(wait_s))


def _again_s(error: NexodError) -> float:
    """Return after how many seconds what failed is worth another try."""
    from agents.llm.failures import retry_after_s

    is_short = isinstance(error, StoreUnavailable) or getattr(error, "transient", False)
    return max(retry_after_s(error) or 0, UNAVAILABLE_S if is_short else 10 * UNAVAILABLE_S)


def _worked_on(space: VectorSpace) -> float | None:
    """Return after how many seconds to go on; None when all is done."""
    if space.state == State.RETIRED:
        _clear(space)
        return None
    if space.state == State.FAILED:
        return None
    if not space.dimensions:
        spaces.measure(space)
        VectorSpace.objects.filter(pk=space.pk).update(dimensions=space.dimensions, half=space.half)
    is_built = space.state != State.BUILDING or _built(space)
    _send(space)
    if not is_built:
        return 0
    if space.state == State.BUILDING:
        return None if _took_over(space) else AGAIN_S
    return None


def _built(space: VectorSpace) -> bool:
    """Embed the chunks that the space has not come to; say whether it has come to the end."""
    ends_at = time.monotonic() + TURN_S
    while True:
        rows = list(
            Chunk.objects.filter(knowledge_base=space.knowledge_base_id, pk__gt=space.cursor)
            .select_related("document")
            .order_by("pk")[:BATCH]
        )
        if not rows:
            return True
        vectors = _vectors(space, rows)
        with transaction.atomic():
            there = _held([row.pk for row in rows])
            entries = [
                Entry(row.pk, row.document_id, vector)
                for row, vector in zip(rows, vectors, strict=True)
                if row.pk in there
            ]
            place(space, entries)
            # Unless documents have left chunks behind it meanwhile: then it goes on from there.
            at = VectorSpace.objects.filter(pk=space.pk, state=State.BUILDING, cursor=space.cursor)
            is_moved = at.update(cursor=rows[-1].pk, done=F("done") + len(rows), sending_until=_lease())
        if not is_moved:
            space.refresh_from_db(fields=["state", "cursor"])
            if space.state != State.BUILDING:
                return True
        else:
            space.cursor = rows[-1].pk
            _send(space)
        if time.monotonic() >= ends_at:
            return False


def _vectors(space: VectorSpace, rows: list[Chunk]) -> list[Any]:
    """Return the chunks' vectors: those it has already, those that serve now, where the model is the same; else new ones."""
    now, ids = spaces.serving(space.knowledge_base), [row.pk for row in rows]
    known: dict[int, Any] = {}
    if now and now.model == space.model:
        known = dict(vector_store(now.store).fetch(now, ids))
    if not vector_store(space.store).is_outside:
        known |= vector_store(space.store).fetch(space, ids)
    missing = [row for row in rows if row.pk not in known]
    if missing:
        model = spaces.embedder_of(space, alive=_Holding(space))
        new = model.embed([context_of(row) for row in missing])
        known |= {row.pk: vector for row, vector in zip(missing, new, strict=True)}
    return [known[row.pk] for row in rows]


class _Holding:
    """Called while a model takes its time: keeps others from doing the same work."""

    def __init__(self, space: VectorSpace) -> None:
        self._space, self._told = space, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() > self._told + LEASE.total_seconds() / 4:
            self._told = time.monotonic()
            VectorSpace.objects.filter(pk=self._space.pk).update(sending_until=_lease())
            release_connections()


def _lease() -> datetime:
    return timezone.now() + LEASE


def context_of(chunk: Chunk) -> str:
    """Return what is embedded of a stored chunk: the same as when it was new."""
    above = " > ".join(filter(None, (chunk.document.title, chunk.heading)))
    return "\n".join((above, chunk.lead, chunk.text) if chunk.lead else (above, chunk.text))


def _held(ids: list[int]) -> set[int]:
    """Return which of the chunks are there, and keep them from being deleted until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM agents_chunk WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [ids])
        return {row[0] for row in cursor.fetchall()}


def _send(space: VectorSpace) -> None:
    """Tell a store outside what changed, in order; of several changes of a chunk only the last one counts."""
    store = vector_store(space.store)
    if not store.is_outside:
        return
    while changes := list(VectorChange.objects.filter(space=space).order_by("id")[:SENT]):
        last = {change.chunk_id: change for change in changes}
        gone = [chunk for chunk, change in last.items() if change.embedding is None]
        new = [
            Entry(change.chunk_id, change.document_id, change.embedding)
            for change in last.values()
            if change.embedding is not None
        ]
        if new:
            store.put(space, new)
        if gone:
            store.drop(space, gone)
        VectorChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
        VectorSpace.objects.filter(pk=space.pk).update(sending_until=_lease(), error=None)


def _took_over(space: VectorSpace) -> bool:
    """Let the space serve, when it is whole: nothing left to send, all of it to be seen, and an index where one is needed."""
    if is_wanting(space):
        look_at(space)
        return False
    if not _is_seen(space):
        return False
    with transaction.atomic():
        base = spaces.own(space.knowledge_base)
        ours = VectorSpace.objects.filter(pk=space.pk, state=State.BUILDING, cursor=space.cursor)
        if VectorChange.objects.filter(space=space).exists() or not ours.exists():
            return False
        for former in VectorSpace.objects.filter(knowledge_base=base, state=State.SERVING):
            retire(former)
        ours.update(state=State.SERVING, error=None, updated_at=timezone.now())
        KnowledgeBase.objects.filter(pk=base.pk).update(embedding_model=space.model)
    return True


def _is_seen(space: VectorSpace) -> bool:
    """Say whether searches see what the store was given: one outside lags behind, and would answer with half of it."""
    store = vector_store(space.store)
    if not store.is_outside:
        return True
    return (
        store.count(space) >= Chunk.objects.filter(knowledge_base=space.knowledge_base_id, pk__lte=space.cursor).count()
    )


def _clear(space: VectorSpace) -> None:
    """Delete the vectors of a space that serves no more, then the space."""
    VectorChange.objects.filter(space=space).delete()
    if space.index:
        enqueue("agents.drop_index", queue="ops", space=str(space.pk))
    vector_store(space.store).clear(space)
    space.delete()


def clear_namespace(*, connection: UUID, knowledge_base: UUID, space: UUID) -> None:
    """Forget the vectors of a space whose knowledge base is deleted."""
    row = StoreConnection.objects.filter(pk=connection).first()
    if row:
        gone = VectorSpace(pk=space, knowledge_base_id=knowledge_base, connection=row, store=row.kind)
        vector_store(row.kind).clear(gone)
