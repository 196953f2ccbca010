"""Google's Gemini API."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import Listing, Provider, given


class Google(Provider):
    """Gemini by an API key; forms by ``response_json_schema``."""

    name, title = "google", "Google Gemini"
    langchain, package = "google_genai", "langchain_google_genai"
    address = "https://generativelanguage.googleapis.com"
    usage_adds: ClassVar[bool] = True
    knobs: ClassVar = {"top_p": "top_p", "top_k": "top_k", "seed": "seed"}

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatGoogleGenerativeAI`` whose SDK client speaks through an HTTP client of ours.

        Its own door, ``client_args``, would close a shared transport when a model is thrown away.
        """
        from agents.llm.client import client_with

        model = self.init(endpoint.model, api_key=endpoint.api_key or "none", base_url=endpoint.base_url, max_retries=1)
        model.client._api_client._httpx_client = client_with(endpoint.base_url, {})
        return model

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what Gemini is told."""
        options = given(
            temperature=ask.temperature,
            stop=list(ask.stop) or None,
            max_output_tokens=endpoint.answer_tokens(ask.max_tokens),
            **self.turned(endpoint),
        )
        if ask.schema is not None:
            options |= {"response_mime_type": "application/json", "response_json_schema": dict(ask.schema)}
        return options

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the SDK's and what LangChain makes of them."""
        from google.genai.errors import APIError
        from langchain_google_genai.chat_models import ChatGoogleGenerativeAIError

        return (APIError, ChatGoogleGenerativeAIError)

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return Google's own header: in the address a key would be written to logs."""
        return {"x-goog-api-key": endpoint.api_key}

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return the list of models, which come as ``models/<name>``."""
        url = f"{endpoint.base_url}/v1beta/models?pageSize=1000"
        return Listing(url, self.headers(endpoint), rows="models", name="name")

    def embeddings_url(self, endpoint: Endpoint) -> str:
        """Return Google's OpenAI-compatible address."""
        return f"{endpoint.base_url}/v1beta/openai/embeddings"
