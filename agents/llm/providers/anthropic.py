"""Anthropic's Messages API."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import TIMEOUTS_ARE_OURS, Listing, Provider, given
from agents.llm.providers.bridges import as_httpx2

VERSION = "2023-06-01"


class Anthropic(Provider):
    """Claude at Anthropic. A form is asked for as a tool that has to be called: every model of theirs knows tools."""

    name, title = "anthropic", "Anthropic"
    langchain, package = "anthropic", "langchain_anthropic"
    address = "https://api.anthropic.com"
    embeds: ClassVar[bool] = False
    knobs: ClassVar = {"top_p": "top_p", "top_k": "top_k"}

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatAnthropic``; it has no door for an HTTP client, so its SDK client is put where it would put its own."""
        model = self.init(
            endpoint.model,
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            max_retries=0,
            timeout=TIMEOUTS_ARE_OURS,
            stream_usage=True,
        )
        import anthropic

        from agents.llm.client import egress

        model.__dict__["_client"] = anthropic.Client(**model._client_params, http_client=as_httpx2(egress()))
        return model

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what the Messages API is told."""
        return given(
            temperature=ask.temperature,
            stop=list(ask.stop) or None,
            max_tokens=endpoint.answer_tokens(ask.max_tokens),
            **self.turned(endpoint),
        )

    def forces_tool(self, ask: Ask) -> bool:
        """Say yes to objects: the arguments of a tool are nothing else."""
        return ask.schema is not None and ask.schema.get("type") == "object" and not ask.tools

    def errors(self) -> tuple[type[Exception], ...]:
        """Return anthropic's."""
        import anthropic

        return (anthropic.AnthropicError,)

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return Anthropic's own headers."""
        return {"x-api-key": endpoint.api_key, "anthropic-version": VERSION}

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return the list of models."""
        return Listing(f"{endpoint.base_url}/v1/models?limit=1000", self.headers(endpoint))
