"""What processes that died have left: files without a document, vectors and indexes without a space, large spaces without an index.

Works on the tenant that was entered, and on nothing else: its own folder, its own schema, namespaces that begin with its name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import connection
from django.utils import timezone

from agents.knowledge.errors import StoreRefused, StoreUnavailable
from agents.knowledge.files import DOCUMENTS, files
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.indexing import index_name, look_at
from agents.models import Document, StoreConnection, VectorSpace
from nexod.kernel.queue import enqueue

log = logging.getLogger(__name__)
YOUNG = timedelta(days=1)
"""A file so new may belong to a document that is being taken in right now."""
BATCH = 1_000
_INDEXES = """
SELECT relname FROM pg_class
WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace AND relname ~ '^vectors_[0-9a-f]{32}$'
"""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found, and is gone now or soon."""

    files: int
    bytes: int
    namespaces: int
    indexes: int
    wanting: int
    """Spaces of many vectors that had no index; it is being built."""


def sweep() -> Swept:
    """Delete what nothing refers to, and have built what is missing."""
    number, size = _sweep_files()
    return Swept(number, size, _sweep_namespaces(), _sweep_indexes(), _want_indexes())


def _sweep_files() -> tuple[int, int]:
    number = size = 0
    before = timezone.now() - YOUNG
    for keys in _stored():
        known = set(Document.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True))
        for key in keys:
            with suppress(FileNotFoundError):  # deleted meanwhile, with its document
                if key not in known and files.get_modified_time(key) < before:
                    size += files.size(key)
                    files.delete(key)
                    number += 1
    return number, size


def _stored() -> Iterator[Sequence[str]]:
    if not files.exists(DOCUMENTS):
        return
    names = iter(files.listdir(DOCUMENTS)[1])
    while batch := [f"{DOCUMENTS}/{name}" for name in islice(names, BATCH)]:
        yield batch


def _spaces() -> set[UUID]:
    """Return the spaces that are there. Asked after what they are compared with: a space is there before what belongs to it."""
    return set(VectorSpace.objects.values_list("pk", flat=True))


def _sweep_namespaces() -> int:
    number = 0
    for store in StoreConnection.objects.all():
        try:
            number += vector_store(store.kind).sweep(store, _spaces)
        except (StoreUnavailable, StoreRefused) as error:
            log.warning("a vector store was not swept", extra={"store": store.slug, "reason": error.code})
    return number


def _sweep_indexes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        there = [name for (name,) in cursor.fetchall()]
    named = {index_name(space) for space in _spaces()}
    gone = [name for name in there if name not in named]
    for name in gone:
        enqueue("agents.drop_index", queue="ops", space=str(UUID(name.removeprefix("vectors_"))))
    return len(gone)


def _want_indexes() -> int:
    return sum(map(look_at, VectorSpace.objects.filter(state__in=VectorSpace.WRITTEN)))
