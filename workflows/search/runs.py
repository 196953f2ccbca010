"""Runs by what they were about."""

from __future__ import annotations

from typing import NamedTuple

from pgvector.django import CosineDistance

from agents.memory.recall import vectors
from workflows.actions.run_vectors import make_ready, words_of
from workflows.models import Run, RunVector

LEAST_SIMILAR = 0.2
SHOWN = 200


class FoundRun(NamedTuple):
    """A run, and how similar it is: 0 to 1."""

    run: Run
    similarity: float

    @property
    def words(self) -> str:
        """Return the beginning of what it works on, for people to recognise it."""
        return " ".join(words_of({"title": "", "inputs": self.run.inputs, "outputs": None}).split())[:SHOWN]


def similar_runs(query: str, limit: int) -> list[FoundRun]:
    """Return runs that are about the same as ``query``, the best first."""
    make_ready()
    [vector] = vectors([query])
    near = RunVector.objects.annotate(distance=CosineDistance("embedding", vector)).order_by("distance")
    found = list(near.select_related("run__started_by").defer("embedding", "run__definition")[:limit])
    return [FoundRun(one.run, 1 - one.distance) for one in found if 1 - one.distance >= LEAST_SIMILAR]
