"""Embedding models of the workspace's own connections, ``<connection>/<model>``: asked, limited and paid for by the gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.knowledge.embedding import MARK, EmbeddingUnusable
from agents.llm.connections import endpoint_for
from agents.llm.endpoint import Endpoint
from agents.llm.errors import ModelError, ModelNotConnected
from agents.llm.outside import accounted
from agents.llm.providers import provider
from agents.llm.waiting import meanwhile
from nexod.kernel.run_port import BudgetExhausted
from nexod.kernel.secrets import SecretUnreadable

if TYPE_CHECKING:
    from agents.knowledge.embedding import Vectors

PROBE = "How many numbers has a vector of this model?"
REFUSALS = (ModelError, ModelNotConnected, SecretUnreadable, BudgetExhausted)
"""What a call may end with, beside what ends the run that it is made for."""


class ProvidedEmbedder:
    """A model of a provider. It is asked for ``user`` (an id) on behalf of the knowledge base with the slug ``knowledge_base``.

    ``dimensions`` 0 is not known yet. ``patience_s`` bounds each question to it, ``alive`` is called while it takes its time.
    """

    batch: int = 64

    def __init__(
        self,
        name: str,
        *,
        knowledge_base: str = "",
        dimensions: int = 0,
        user: str = "",
        patience_s: float | None = None,
        alive: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._dimensions, self._user, self._alive = dimensions, user, alive
        endpoint = endpoint_of_model(name)
        timeout_s = min(filter(None, (endpoint.timeout_s, patience_s)))
        self._endpoint = replace(endpoint, knowledge_base=knowledge_base, timeout_s=timeout_s)

    @property
    def dimensions(self) -> int:
        """Return what is known, or what the model shows when it is asked."""
        return self._dimensions or self._asked([PROBE]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors. Raises EmbeddingUnusable when they have another size than before, and what models raise."""
        import numpy

        if not texts:
            return numpy.empty((0, self._dimensions), numpy.float32)
        vectors = self._asked([text.strip() or "-" for text in texts])
        found, known = vectors.shape[1], self._dimensions
        if known and found != known:
            raise EmbeddingUnusable(
                f"{self._endpoint.label} ({self._endpoint.model}) gives vectors of {found:,} numbers, and the ones that are"
                f" here have {known:,}: it is another model now. Give the knowledge base new vectors.",
                details={"dimensions": found, "known": known},
            )
        return vectors

    def _asked(self, texts: Sequence[str]) -> Vectors:
        import numpy

        from agents.llm.gateway import Gateway

        with ExitStack() as stack:
            stack.enter_context(accounted(self._user))
            if self._alive:
                stack.enter_context(meanwhile(self._alive))
            found = numpy.array(Gateway(self._endpoint).embed(texts), numpy.float32)
        vectors: Vectors = found / numpy.linalg.norm(found, axis=1, keepdims=True)
        return vectors


def endpoint_of_model(name: str) -> Endpoint:
    """Return where the model is reached. Raises ModelNotConnected, ModelCannot, SecretUnreadable."""
    connection, _, model = name.partition(MARK)
    if not (connection and model):
        raise ModelNotConnected("An embedding model is named by its connection and its name: connection/model.")
    endpoint = endpoint_for(connection, model)
    provider(endpoint.provider).embeddings_url(endpoint)
    return endpoint
