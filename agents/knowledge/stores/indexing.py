"""A space of many vectors gets an index of its own, built beside the work by the database's owner: no write waits for it.

Workers of queue ops do it, outside of any transaction. Until it is there every vector is compared, which is slower and exact.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection, connections
from django.db.models import Q
from django.utils import timezone

from agents.models import ChunkVector, VectorSpace
from nexod.kernel.queue import enqueue
from tenants.context import current_tenant, enter_schema_as_owner
from tenants.schema import OWNER

FEW = 5_000
"""Up to so many vectors every one is compared: as fast as an index, and exact."""
GIVEN_UP = timedelta(hours=2)
"""An index that is in building for so long lost its builder."""

_UNFINISHED = "SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
_BUILD = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON agents_chunkvector
USING hnsw ((embedding::{kind}({dimensions})) {kind}_cosine_ops) WITH (ef_construction = {care}) WHERE space_id = '{space}'
"""
CARE = 128
"""How many neighbours the building weighs for each vector: with pgvector's usual 64 some of 100,000 were found by no search."""


def is_wanting(space: VectorSpace) -> bool:
    """Say whether the space needs an index that it has not got yet."""
    if space.store != "pgvector":
        return False
    is_ready = VectorSpace.objects.filter(pk=space.pk, index=VectorSpace.Index.READY).exists()
    return not is_ready and ChunkVector.objects.filter(space_id=space.pk).order_by()[FEW : FEW + 1].exists()


def look_at(space: VectorSpace) -> bool:
    """Have an index built when the space has grown over FEW, and nobody builds it; in the caller's transaction. Say whether."""
    is_lost = space.index == VectorSpace.Index.BUILDING and space.updated_at < timezone.now() - GIVEN_UP
    if space.store != "pgvector" or (space.index and not is_lost):
        return False
    is_large = ChunkVector.objects.filter(space_id=space.pk).order_by()[FEW : FEW + 1].exists()
    if is_large:
        enqueue("agents.index_space", queue="ops", space=str(space.pk))
    return is_large


def build_index(*, space: UUID) -> None:
    """Build the space's index; stop quietly when somebody else does, or it is there. One that was left half done is made anew."""
    free = Q(index=VectorSpace.Index.NONE) | Q(
        index=VectorSpace.Index.BUILDING, updated_at__lt=timezone.now() - GIVEN_UP
    )
    ours = VectorSpace.objects.filter(free, pk=space, store="pgvector")
    if not ours.update(index=VectorSpace.Index.BUILDING, updated_at=timezone.now()):
        return
    found = VectorSpace.objects.get(pk=space)
    name = index_name(space)
    try:
        with enter_schema_as_owner(current_tenant().schema_name), connections[OWNER].cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '256MB'")
            cursor.execute(_UNFINISHED, [name])
            if cursor.fetchone():
                cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
            kind = "halfvec" if found.half else "vector"
            cursor.execute(_BUILD.format(name=name, kind=kind, dimensions=found.dimensions, space=space, care=CARE))
            cursor.execute("RESET maintenance_work_mem")
    except BaseException:
        VectorSpace.objects.filter(pk=space).update(index=VectorSpace.Index.NONE, updated_at=timezone.now())
        raise
    VectorSpace.objects.filter(pk=space).update(index=VectorSpace.Index.READY, updated_at=timezone.now())


def drop_index(*, space: UUID) -> None:
    """Drop the index of a space that serves no more; nothing where there is none."""
    name = index_name(space)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
        is_missing = cursor.fetchone()[0]
    if is_missing or VectorSpace.objects.filter(pk=space, state__in=VectorSpace.WRITTEN).exists():
        return
    with enter_schema_as_owner(current_tenant().schema_name), connections[OWNER].cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def index_name(space: UUID) -> str:
    """Return the name of the space's index."""
    return f"vectors_{space.hex}"
