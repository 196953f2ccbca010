"""A large space gets an index of its own, built and dropped by the owner beside the work, in its tenant's schema alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from agents.actions.knowledge import create_knowledge_base
from agents.knowledge import spaces
from agents.knowledge.embedding import embedder
from agents.knowledge.readers import NOBODY, Within
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.indexing import build_index, drop_index, index_name
from agents.models import ChunkVector, Document, VectorSpace
from tests.faults import until
from tests.shelf import add, fill
from tests.workbench import Bench

TOPICS = ("lions", "tea", "wings", "ships", "bread", "music", "snow", "maps")


@pytest.fixture
def base(bench: Bench) -> Any:
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("editor"), name="Docs")
        for topic in TOPICS:
            add(base, f"About {topic}", f"Everything that is known of {topic}.")
    return base


def indexes(name: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s AND schemaname = current_schema()", [name])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("half", [False, True])
def test_it_is_built_used_and_dropped(bench: Bench, base: Any, half: bool) -> None:
    with bench.inside():
        VectorSpace.objects.update(half=half)
        space = spaces.serving(base)
        assert space is not None
        store, asked = vector_store(), embedder().embed(["sailing ships"])[0]
        before = store.nearest(space, asked, 3)
        build_index(space=space.pk)
        build_index(space=space.pk)
        space.refresh_from_db()
        [made] = indexes(index_name(space.pk))
        assert (space.index, ("halfvec" in made) is half, str(space.pk) in made) == ("ready", True, True)
        after = store.nearest(space, asked, 3)
        assert [hit.chunk_id for hit in after] == [hit.chunk_id for hit in before]
        assert len(store.nearest(space, asked, 3, within=Within(base.pk, NOBODY))) == 3
    with bench.inside("globex"):
        assert indexes(index_name(space.pk)) == []
        drop_index(space=space.pk)
    with bench.inside():
        drop_index(space=space.pk)
        assert len(indexes(index_name(space.pk))) == 1  # it serves
        VectorSpace.objects.update(state="retired")
        drop_index(space=space.pk)
        assert indexes(index_name(space.pk)) == []


def test_one_that_is_being_built_is_left_alone(bench: Bench, base: Any) -> None:
    with bench.inside():
        space = spaces.serving(base)
        assert space is not None
        VectorSpace.objects.filter(pk=space.pk).update(index="building")
        build_index(space=space.pk)
        assert indexes(index_name(space.pk)) == []


CLOSED, OPEN = 400, 40
_WALKED = "SELECT pg_stat_get_xact_numscans(to_regclass(%s))"


def test_a_search_walks_on_through_what_the_reader_may_not_read(bench: Bench) -> None:
    """Four hundred closed chunks are nearer than any open one, more than a walk keeps in view: open ones are found all the same."""
    closed = [(f"Tide {n}", f"The moon makes tide {n}.", {"visibility": "restricted"}) for n in range(CLOSED)]
    others = [(f"Bread {n}", f"Rye bread number {n} is baked at noon.", {}) for n in range(OPEN)]
    with bench.inside():
        base = create_knowledge_base(actor=bench.user("editor"), name="Many")
        fill(base, [*closed, *others])
        build_index(space=spaces.serving(base).pk)
        space = spaces.serving(base)
        asked = embedder().embed(["The moon makes tides."])[0]
        with transaction.atomic(), connection.cursor() as cursor:
            # So few rows would be sorted; of the hundred thousand that this is for the index is walked.
            for way in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            found = vector_store().nearest(space, asked, 5, within=Within(base.pk, NOBODY))
            cursor.execute(_WALKED, [index_name(space.pk)])
            assert cursor.fetchone()[0] == 1
        titles = set(
            Document.objects.filter(chunks__in=[hit.chunk_id for hit in found]).values_list("title", flat=True)
        )
    assert len(titles) == 5
    assert all(title.startswith("Bread") for title in titles)


def test_an_index_is_built_while_others_write(bench: Bench, base: Any) -> None:
    """The building waits for a transaction that has written; who comes after it waits for neither."""
    with bench.inside():
        space = spaces.serving(base)
        with transaction.atomic():
            ChunkVector.objects.filter(space=space).update(space=space)
            builder = threading.Thread(target=inside(bench, lambda: build_index(space=space.pk)))
            builder.start()
            until(_somebody_waits, "the building waits", seconds=120)
            written: list[Any] = []
            writer = threading.Thread(target=inside(bench, lambda: written.append(add(base, "Late", "About moss."))))
            writer.start()
            writer.join(120)
            is_built = bool(indexes(index_name(space.pk))) and _is_valid(space.pk)
        builder.join(120)
        assert not builder.is_alive()
        assert (len(written), is_built, _is_valid(space.pk)) == (1, False, True)


def inside(bench: Bench, work: Any) -> Any:
    def worked() -> None:
        with bench.inside():
            work()

    return worked


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def _is_valid(space: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index_name(space)])
        return bool(cursor.fetchone()[0])
