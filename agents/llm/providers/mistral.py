"""Mistral's own API."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import Provider, given
from agents.llm.structured import response_format


class Mistral(Provider):
    """Models at Mistral; forms by ``response_format``."""

    name, title = "mistral", "Mistral"
    langchain, package = "mistralai", "langchain_mistralai"
    address = "https://api.mistral.ai/v1"
    knobs: ClassVar = {"top_p": "top_p", "seed": "random_seed"}

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatMistralAI``, which keeps address and key in its HTTP client: so it gets one of its own."""
        from agents.llm.client import async_egress, client_with

        key = endpoint.api_key or "none"
        client = client_with(endpoint.base_url, self.headers(endpoint))
        return self.init(
            endpoint.model,
            api_key=key,
            base_url=endpoint.base_url,
            client=client,
            async_client=async_egress(),
            max_retries=1,
        )

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what Mistral is told."""
        form = None if ask.schema is None else response_format(ask.schema)
        return given(
            temperature=ask.temperature,
            stop=list(ask.stop) or None,
            max_tokens=endpoint.answer_tokens(ask.max_tokens),
            response_format=form,
            **self.turned(endpoint),
        )

    def garbage(self) -> tuple[type[Exception], ...]:
        """Return what the reader of its events raises."""
        from httpx_sse import SSEError

        return (SSEError,)
