"""Text becomes vectors. The default model is bundled, small and fast; it is loaded late, once per process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from nexod.kernel.errors import Unavailable

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from wordllama.inference import WordLlamaInference

    Vectors: TypeAlias = NDArray[numpy.float32]


class EmbedderUnknown(Unavailable):
    """The knowledge base was embedded with a model that is not installed here."""

    code = "embedder_unknown"


class Embedder(Protocol):
    """A model that places texts in a space where near means alike."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of ``dimensions`` numbers for each text, in order, each of length 1."""


class WordLlamaEmbedder:
    """Averages of token vectors from a language model: no network, no GPU, thousands of chunks a second."""

    name = "wordllama-256"
    dimensions = 256

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors; an empty text counts as a space, for a vector of no length has no cosine."""
        vectors: Vectors = _wordllama().embed([text or " " for text in texts], norm=True)
        return vectors


EMBEDDERS: dict[str, Embedder] = {WordLlamaEmbedder.name: WordLlamaEmbedder()}


def embedder(name: str = WordLlamaEmbedder.name) -> Embedder:
    """Return the embedder that a knowledge base names; raise EmbedderUnknown."""
    if name not in EMBEDDERS:
        raise EmbedderUnknown(f"The embedding model {name!r} is not installed here.")
    return EMBEDDERS[name]


@cache
def _wordllama() -> WordLlamaInference:
    # Importing costs most of a second, and a plain load() would try the network.
    import wordllama

    home: Any = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=home, disable_download=True)
