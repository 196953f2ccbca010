"""Text becomes vectors: by the bundled model, small and fast, loaded late and once per process, or by one of a connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from nexod.kernel.errors import Conflict, Unavailable

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from wordllama.inference import WordLlamaInference

    Vectors: TypeAlias = NDArray[numpy.float32]


DIMENSIONS = 256
"""Of the bundled model."""
MARK = "/"
"""Stands between a connection's slug and its model in the name of an embedding model; names of bundled ones have none."""


class EmbedderUnknown(Unavailable):
    """The knowledge base was embedded with a model that is not installed here."""

    code = "embedder_unknown"


class EmbeddingUnusable(Conflict):
    """The vectors of this model cannot be used here. Give the knowledge base another embedding model."""

    code = "embedding_unusable"


class Embedder(Protocol):
    """A model that places texts in a space where near means alike."""

    name: str
    batch: int
    """How many texts it is given at once, so that progress can be told in between."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has; a model of a provider may have to be asked for one first."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of ``dimensions`` numbers for each text, in order, each of length 1."""


class WordLlamaEmbedder:
    """Averages of token vectors from a language model: no network, no GPU, thousands of chunks a second."""

    name: str = "wordllama-256"
    dimensions: int = DIMENSIONS
    batch: int = 512

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors; an empty text counts as a space, for a vector of no length has no cosine."""
        vectors: Vectors = _wordllama().embed([text or " " for text in texts], norm=True)
        return vectors


EMBEDDERS: dict[str, Embedder] = {WordLlamaEmbedder.name: WordLlamaEmbedder()}


def embedder(name: str = WordLlamaEmbedder.name, **how: Any) -> Embedder:
    """Return the embedder that a knowledge base names; raise EmbedderUnknown.

    ``how`` is what ProvidedEmbedder takes, for the names that have a MARK.
    """
    if is_provided(name):
        # Late: what follows brings an HTTP client.
        from agents.knowledge.provided import ProvidedEmbedder

        return ProvidedEmbedder(name, **how)
    if name not in EMBEDDERS:
        raise EmbedderUnknown(f"The embedding model {name!r} is not installed here.")
    return EMBEDDERS[name]


def is_provided(name: str) -> bool:
    """Say whether a connection's provider has the model: asking it costs time and money."""
    return MARK in name


@cache
def _wordllama() -> WordLlamaInference:
    # Importing costs most of a second, and a plain load() would try the network.
    import wordllama

    home: Any = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=home, disable_download=True)
