"""The two legs of retrieval, words and meaning, each asked twice: for the question, and for what its best answers are about."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.knowledge import fusion, spaces
from agents.knowledge.embedding import EmbeddingUnusable
from agents.knowledge.errors import StoreUnavailable
from agents.knowledge.provided import REFUSALS
from agents.knowledge.readers import NOBODY, Reader, Within
from agents.knowledge.stores import vector_store
from agents.knowledge.stores.base import Hit, Vector
from agents.knowledge.words import Lexicon, Word, asked, ranked
from agents.models import KnowledgeBase, VectorSpace
from nexod.kernel import run_port
from nexod.kernel.errors import StopsRun

log = logging.getLogger(__name__)
DEPTH = 100
"""Each leg brings so many chunks, so that fusing has a choice."""
PATIENCE_S = 10.0
"""So long a provider may take to embed a question; then words alone answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the legs brought for one question: scores by chunk, the best first, and the words that were looked for."""

    scores: Mapping[int, float]
    lexical: Mapping[int, float] = field(default_factory=dict)
    dense: Mapping[int, float] = field(default_factory=dict)
    words: Sequence[Word] = ()
    asked: frozenset[str] = frozenset()
    """Those of ``words`` that the question itself holds; the others come of its first answers."""
    lexicon: Lexicon | None = None
    amiss: str = ""
    """Why meaning was not asked, where words alone answer."""


def lexical(base: KnowledgeBase, query: str, limit: int, *, within: Within | None = None) -> dict[int, float]:
    """Return what the words alone find."""
    lexicon, words = asked(base.pk, query)
    return dict(ranked(lexicon, words, limit, within=within))


def dense(base: KnowledgeBase, query: str, limit: int, *, within: Within | None = None) -> dict[int, float]:
    """Return what the meaning alone finds."""
    space = spaces.serving(base)
    if space is None:
        return {}
    vector = _vector(space, query, NOBODY)
    return _by_chunk(vector_store(space.store).nearest(space, vector, limit, within=within))


def both(
    base: KnowledgeBase, query: str, limit: int, *, within: Within | None = None, reader: Reader = NOBODY
) -> Found:
    """Return what both find together. Where the model or the store of the vectors is away, words alone answer.

    Raises BudgetExhausted in a run: it is for the run to stop, or to ask for more.
    """
    depth = max(DEPTH, limit)
    lexicon, words = asked(base.pk, query)
    by_words = ranked(lexicon, words, depth, within=within)
    space = spaces.serving(base)
    if space is None:
        return Found(dict(by_words), dict(by_words), {}, words, frozenset(word.lexeme for word in words), lexicon)
    store = vector_store(space.store)
    own = frozenset(word.lexeme for word in words)
    try:
        vector = _vector(space, query, reader)
        near = store.nearest(space, vector, depth, within=within)
    except (StoreUnavailable, EmbeddingUnusable, *REFUSALS) as error:
        if isinstance(error, StopsRun) and run_port.current() is not None:
            raise
        log.warning("words alone answer", extra={"space": str(space.pk), "reason": error.code})
        return Found(dict(by_words), dict(by_words), {}, words, own, lexicon, str(error.message))
    first = fusion.fused([key for key, _ in by_words], [hit.chunk_id for hit in near], weights=fusion.FIRST_WEIGHTS)
    trusted = fusion.best(first, fusion.TRUSTED)
    more = fusion.expanded(lexicon, words, trusted)
    by_words = ranked(lexicon, more, depth, within=within)
    towards = store.fetch(space, trusted)
    near = store.nearest(space, fusion.drawn(vector, list(towards.values())), depth, within=within)
    scores = fusion.fused(
        [key for key, _ in by_words],
        [hit.chunk_id for hit in near],
        weights=fusion.LAST_WEIGHTS,
        offset=fusion.LAST_OFFSET,
    )
    return Found(scores, dict(by_words), _by_chunk(near), more, own, lexicon)


def _vector(space: VectorSpace, query: str, reader: Reader) -> Vector:
    model = spaces.embedder_of(space, user=str(reader.user or ""), patience_s=PATIENCE_S)
    vector: Vector = model.embed([query])[0]
    return vector


def _by_chunk(hits: Sequence[Hit]) -> dict[int, float]:
    return {hit.chunk_id: hit.similarity for hit in hits}
