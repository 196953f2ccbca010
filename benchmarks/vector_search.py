"""Search in one large knowledge base: as quick as pgvector itself, and finding what an exact search finds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction

from benchmarks import library, world
from benchmarks.client import timed
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

GOAL_MS, GOAL_RATIO, GOAL_RECALL, BEST, ROUNDS = 100, 1.2, 0.95, 10, 5
BARE = "SELECT chunk_id FROM agents_chunkvector WHERE space_id = %s ORDER BY embedding::vector(256) <=> %s::vector(256) LIMIT %s"
EXACT = (
    "SELECT chunk_id FROM agents_chunkvector WHERE space_id = %s ORDER BY (embedding <=> %s::vector(256)) + 0 LIMIT %s"
)
GOAL = f"p95 under {GOAL_MS} ms, at most {GOAL_RATIO} x bare pgvector, recall@10 at least {GOAL_RECALL}"
SETTINGS = "SET LOCAL hnsw.iterative_scan = 'relaxed_order'; SET LOCAL hnsw.ef_search = %s"


def measure() -> Figure:
    """Ask NEXOD_BENCH_QUERIES questions (60) of NEXOD_BENCH_CHUNKS chunks (100,000) of real English."""
    from agents.knowledge import spaces
    from agents.knowledge.embedding import embedder
    from agents.knowledge.readers import NOBODY
    from agents.knowledge.retrieve import search
    from agents.knowledge.stores import vector_store

    chunks, questions = int(os.environ.get("NEXOD_BENCH_CHUNKS", "100000")), library.questions(_number("QUERIES", 60))
    tenant = world.tenant(1)
    base = library.knowledge_base(tenant, chunks)
    vectors = [vector.tolist() for vector in embedder().embed(questions)]
    store = vector_store()
    with enter_tenant(tenant):
        space = spaces.serving(base)
        assert space is not None
        found = [[hit.chunk_id for hit in store.nearest(space, vector, BEST)] for vector in vectors]
        recall = _recall(found, [_exact(space.pk, vector) for vector in vectors])
        bare, ours = list[float](), list[float]()
        both = [
            (ours, lambda vector: timed(lambda: store.nearest(space, vector, BEST))),
            (bare, lambda vector: _bare_time(space.pk, vector)),
        ]
        for vector in vectors * ROUNDS:  # both meet the same machine, and each as often what the other has warmed
            both.reverse()
            for times, ask in both:
                times.append(ask(vector))
        _times(questions[:10], lambda question: search(base, question, reader=NOBODY, limit=BEST))
        whole = _times(questions, lambda question: search(base, question, reader=NOBODY, limit=BEST))
    value, peer = percentile(ours, 0.5), percentile(bare, 0.5)
    p95, ratio = max(percentile(ours, 0.95), percentile(whole, 0.95)), value / peer
    return Figure(
        "vector_search", value, "ms", GOAL,
        p95 < GOAL_MS and ratio <= GOAL_RATIO and recall >= GOAL_RECALL, peer=peer, ratio=ratio,
        detail=f"{chunks:,} chunks; p95 {percentile(ours, 0.95):.1f}; bare p50 {peer:.2f}; recall@10 {recall:.3f}; "
        f"the whole retrieval (embed, vectors, words, fuse) p50 {percentile(whole, 0.5):.1f}, p95 {percentile(whole, 0.95):.1f}",
    )  # fmt: skip


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(f"NEXOD_BENCH_{name}", usual))


def _times(asked: Sequence[Any], work: Callable[[Any], object]) -> list[float]:
    return [timed(lambda one=one: work(one)) for one in asked]  # type: ignore[misc]


def _bare_time(space: Any, vector: list[float]) -> float:
    from agents.knowledge.stores.pgvector import SEARCHED

    with transaction.atomic():
        connection.cursor().execute(SETTINGS, [SEARCHED])
        return timed(lambda: _ids(BARE, space, vector))


def _exact(space: Any, vector: list[float]) -> list[int]:
    return _ids(EXACT, space, vector)


def _ids(statement: str, space: Any, vector: list[float]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [space, str(vector), BEST])
        return [row[0] for row in cursor.fetchall()]


def _recall(found: list[list[int]], exact: list[list[int]]) -> float:
    return sum(len(set(one) & set(other)) for one, other in zip(found, exact, strict=True)) / (BEST * len(exact))
