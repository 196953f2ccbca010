"""Similarity: what came out means about what was expected, by the embedding that knowledge is searched with."""

from __future__ import annotations

from workflows.evals.scorers.base import FIELD, Json, Mark, Scored, Scorer, as_text, closed, pair

LONGEST = 20_000


class Similarity(Scorer):
    """The cosine of both texts' vectors; below zero counts as zero."""

    type = "similarity"
    title = "Similarity"
    description = "How near the texts are in meaning, by the bundled embedding: offline, without a model call."
    schema = closed({"field": FIELD})

    def mark(self, scored: Scored, config: Json) -> Mark:
        from agents.knowledge.embedding import embedder

        given, expected = pair(scored, config)
        one, two = embedder().embed([as_text(given)[:LONGEST], as_text(expected)[:LONGEST]])
        cosine = min(1.0, max(0.0, float(one @ two)))
        return Mark(round(cosine, 4), f"cosine {cosine:.2f}")
