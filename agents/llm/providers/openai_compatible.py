"""Whatever speaks OpenAI's chat completions at an address of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.providers.base import Provider, given
from agents.llm.providers.completions import Completions
from agents.llm.structured import bounded, response_format


class OpenAICompatible(Provider):
    """An OpenAI-compatible server."""

    name, title = "openai_compatible", "OpenAI-compatible"
    langchain, package = "openai", "langchain_openai"
    needs_key: ClassVar[bool] = False
    reranks: ClassVar[bool] = True
    knobs: ClassVar = {
        name: name for name in ("top_p", "seed", "frequency_penalty", "presence_penalty", "reasoning_effort")
    }
    limit_name: ClassVar[str] = "max_tokens"

    def model(self, endpoint: Endpoint) -> Any:
        """Return a ``ChatOpenAI`` with a client of ours."""
        client = Completions(f"{endpoint.base_url}/chat/completions", self.headers(endpoint))
        return self.init(
            endpoint.model,
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",
            client=client,
            root_client=client,
            stream_usage=True,
            use_responses_api=False,
        )

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Put the form and the limit into the body as they are: LangChain would rename the one and parse the other its own way."""
        body = self.turned(endpoint)
        if tokens := endpoint.answer_tokens(ask.max_tokens):
            body[self.limit_name] = tokens
        if ask.schema is not None:
            body["response_format"] = response_format(bounded(ask.schema) if endpoint.small else ask.schema)
        return given(temperature=ask.temperature, stop=list(ask.stop) or None, extra_body=body)

    def errors(self) -> tuple[type[Exception], ...]:
        """Return openai's."""
        import openai

        return (openai.OpenAIError,)
