"""Ollama's own API, which lets us set what its OpenAI-compatible one does not."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import Listing, Provider, given


class Ollama(Provider):
    """A server of Ollama; forms by grammar."""

    name, title = "ollama", "Ollama"
    langchain, package = "ollama", "langchain_ollama"
    address = "http://localhost:11434"
    needs_key: ClassVar[bool] = False
    knobs: ClassVar = {name: name for name in ("top_p", "top_k", "seed", "num_ctx")}

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatOllama`` whose SDK client speaks through an HTTP client of ours."""
        from agents.llm.client import client_with

        model = self.init(endpoint.model, base_url=endpoint.base_url, validate_model_on_init=False)
        model._client._client = client_with(endpoint.base_url, self.headers(endpoint))
        return model

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what Ollama is told."""
        knobs = given(
            temperature=ask.temperature,
            num_predict=endpoint.answer_tokens(ask.max_tokens),
            stop=list(ask.stop) or None,
            **self.turned(endpoint),
        )
        return given(options=knobs or None, format=None if ask.schema is None else dict(ask.schema))

    def errors(self) -> tuple[type[Exception], ...]:
        """Return ollama's."""
        import ollama

        return (ollama.ResponseError, ollama.RequestError)

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return the list of what is on the machine."""
        return Listing(f"{endpoint.base_url}/api/tags", self.headers(endpoint), rows="models", name="name")

    def embeddings_url(self, endpoint: Endpoint) -> str:
        """Return its OpenAI-compatible address."""
        return f"{endpoint.base_url}/v1/embeddings"
