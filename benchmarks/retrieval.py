"""How good retrieval is, and how quick: its legs alone and fused, over the Cranfield collection, beside bm25s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from benchmarks import cranfield, world
from benchmarks.client import timed
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

if TYPE_CHECKING:
    from agents.models import KnowledgeBase

GOAL = 0.42
LOOKED_AT = 50
_LEXEMES = "SELECT coalesce(array_agg(lexeme), '{}') FROM unnest(to_tsvector('english', %s)) w, unnest(w.positions)"
Search = Callable[[str], Iterable[str]]


def measure() -> list[Figure]:
    """Ask all questions of the collection in a knowledge base that holds it; nothing where the collection is not there."""
    if not cranfield.home().exists():
        print(f"retrieval: there is no collection at {cranfield.home()}; NEXOD_CRANFIELD says where it is.")
        return []
    from agents.knowledge import legs

    with enter_tenant(world.tenant(1)):
        base, of = _knowledge_base()

        def documents(chunks: Iterable[int]) -> Iterable[str]:
            return dict.fromkeys(of[chunk] for chunk in chunks)

        ask_peer = _ranked(_bm25s())
        peer = cranfield.graded({key: ask_peer(text) for key, text in cranfield.questions().items()})
        searches: dict[str, Search] = {
            "lexical": lambda text: documents(legs.lexical(base, text, LOOKED_AT)),
            "dense": lambda text: documents(legs.dense(base, text, LOOKED_AT)),
            "fused": lambda text: documents(_fused(base, text)),
        }
        return [_figure(name, search, peer) for name, search in searches.items()]


def _fused(base: KnowledgeBase, text: str) -> Iterable[int]:
    """Search as everybody does; the best passage of each document counts."""
    from agents.knowledge.readers import NOBODY
    from agents.knowledge.retrieve import search

    return [passage.chunk_id for passage in search(base, text, reader=NOBODY, limit=20)]


def _figure(name: str, search: Search, peer: tuple[float, float]) -> Figure:
    questions = cranfield.questions()
    rankings: dict[str, list[str]] = {}
    for text in list(questions.values())[:20]:
        list(search(text))
    taken = [timed(lambda k=key, t=text: rankings.update({k: list(search(t))})) for key, text in questions.items()]  # type: ignore[misc]
    quality, recall = cranfield.graded(rankings)
    plain, _ = cranfield.graded(rankings, worth=float)
    return Figure(
        f"retrieval_of_{name}", quality, "nDCG@10", f"fused at least {GOAL}", name != "fused" or quality >= GOAL,
        peer=peer[0], ratio=quality / peer[0],
        detail=f"recall@10 {recall:.3f}; nDCG@10 with linear gain {plain:.3f}; bm25s {peer[0]:.3f} and {peer[1]:.3f}; "
        f"p50 {percentile(taken, 0.5):.1f} ms, p95 {percentile(taken, 0.95):.1f} ms",
    )  # fmt: skip


def _knowledge_base() -> tuple[KnowledgeBase, Mapping[int, str]]:
    """Return a knowledge base of the collection, and which document each chunk is of."""
    from agents.knowledge.chunking import chunk
    from agents.knowledge.index import embedded, update
    from agents.knowledge.parsing.outline import outlined
    from agents.models import Chunk, Document, KnowledgeBase

    base = KnowledgeBase.objects.create(slug="cranfield", name="Cranfield")
    for row in cranfield.documents():
        parsed = outlined(row["text"], (), fallback_title=row["title"], media_type="text/plain")
        document = Document.objects.create(
            knowledge_base=base, name=row["id"], title=row["title"][:300], content_hash=row["id"], status="ready"
        )
        if pieces := chunk(parsed):
            update(document, {}, pieces, embedded(base, [piece.context for piece in pieces]))
    chunks = Chunk.objects.filter(knowledge_base=base).values_list("pk", "document__name")
    return base, dict(chunks)


def _bm25s() -> Any:
    """Return the peer over the same words as PostgreSQL sees."""
    import bm25s

    peer = bm25s.BM25(k1=1.5, b=0.75)
    peer.index([_lexemes(row["text"]) for row in cranfield.documents()], show_progress=False)
    return peer


def _ranked(peer: Any) -> Callable[[str], list[str]]:
    def ranked(text: str) -> list[str]:
        places, _ = peer.retrieve([_lexemes(text)], k=cranfield.DEPTH, show_progress=False)
        return [cranfield.documents()[place]["id"] for place in places[0]]

    return ranked


def _lexemes(text: str) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_LEXEMES, [text])
        return list(cursor.fetchone()[0])
