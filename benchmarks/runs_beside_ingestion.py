"""How much slower runs are while documents are read in the background: the same runs, alone and beside thousands of documents."""

from __future__ import annotations

import os
import time
from dataclasses import replace

from agents.models import Document, KnowledgeBase
from benchmarks import library, served, trivial, world
from benchmarks.figure import Figure, percentile
from nexod.embedded import application
from nexod.embedded.home import Home
from nexod.embedded.stores import running
from tenants.context import enter_tenant

GOAL_RATIO = 1.5
PARAGRAPHS = 6


def measure() -> Figure:
    """Watch NEXOD_BENCH_RUNS runs (100) alone, then as many while NEXOD_BENCH_DOCUMENTS documents (10,000) are read."""
    runs, number = _number("RUNS", 100), _number("DOCUMENTS", 10_000)
    run = trivial.runner()
    base = _filled(number)
    for _ in range(10):
        run()
    alone = [run() for _ in range(runs)]
    with running(Home.from_environment(), [_reader()]):
        _awaited(base)
        run = trivial.runner()  # the first one's connection has been idle for too long
        before, began, beside = _ready(base), time.monotonic(), [run() for _ in range(runs)]
        read, took_s = _ready(base) - before, time.monotonic() - began
    p50, peer = percentile(beside, 0.5), percentile(alone, 0.5)
    return Figure(
        "runs_beside_ingestion", p50, "ms", f"p50 at most {GOAL_RATIO} x without", p50 / peer <= GOAL_RATIO,
        peer=peer, ratio=p50 / peer,
        detail=f"{number:,} documents wait; {read} of them were read in the {took_s:.0f} s of {runs} runs; "
        f"p95 {percentile(beside, 0.95):.1f}, alone {percentile(alone, 0.95):.1f}",
    )  # fmt: skip


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(f"NEXOD_BENCH_{name}", usual))


def _reader() -> application.Service:
    """Return the worker that reads documents, as it is deployed."""
    kind = next(one for one in application.WORKERS if "ingest" in one.queues)
    return application.worker(replace(kind, name="reader"), Home.from_environment(), served._environment())


def _filled(number: int) -> KnowledgeBase:
    """Return a knowledge base with so many documents that wait to be read."""
    from agents.actions.documents import put_text

    texts = library.paragraphs()
    with enter_tenant(world.tenant(0)):
        base = KnowledgeBase.objects.create(slug="beside", name="Beside")
        for at in range(number):
            some = (texts[(at * PARAGRAPHS + offset) % len(texts)] for offset in range(PARAGRAPHS))
            put_text(
                actor=world.owner(0), knowledge_base=base, title=f"Document {at}", text="\n\n".join(some) + f"\n\n{at}"
            )
    return base


def _awaited(base: KnowledgeBase) -> None:
    """Wait until documents are being read."""
    until = time.monotonic() + 120
    while not _ready(base):
        if time.monotonic() > until:
            raise RuntimeError("No document was read.")
        time.sleep(0.2)


def _ready(base: KnowledgeBase) -> int:
    with enter_tenant(world.tenant(0)):
        return Document.objects.filter(knowledge_base=base, status=Document.Status.READY).count()
