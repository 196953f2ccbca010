"""Azure OpenAI: deployments in place of models, its own header for the key, a version in every address."""

from __future__ import annotations

from typing import Any, ClassVar

from agents.llm.endpoint import Endpoint
from agents.llm.providers.base import Listing, Setting
from agents.llm.providers.completions import Completions
from agents.llm.providers.openai_compatible import OpenAICompatible

VERSION = "2024-10-21"


class Azure(OpenAICompatible):
    """A resource of Azure OpenAI; its address is that of the resource, a model is the name of a deployment."""

    name, title, langchain = "azure", "Azure OpenAI", "azure_openai"
    needs_key: ClassVar[bool] = True
    reranks: ClassVar[bool] = False
    settings: ClassVar = (Setting("api_version", "API version", "Such as 2024-10-21", VERSION),)

    def model(self, endpoint: Endpoint) -> Any:
        """Return an ``AzureChatOpenAI`` with a client of ours."""
        client = Completions(_deployment(endpoint, "chat/completions"), self.headers(endpoint))
        return self.init(
            endpoint.model,
            azure_deployment=endpoint.model,
            azure_endpoint=endpoint.base_url,
            api_version=_version(endpoint),
            api_key=endpoint.api_key or "none",
            client=client,
            root_client=client,
            stream_usage=True,
        )

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return Azure's own header."""
        return {"api-key": endpoint.api_key}

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return the list of what the resource could deploy: Azure shows deployments to the management API only."""
        url = f"{endpoint.base_url}/openai/models?api-version={_version(endpoint)}"
        return Listing(url, self.headers(endpoint))

    def embeddings_url(self, endpoint: Endpoint) -> str:
        """Return the deployment's address."""
        return _deployment(endpoint, "embeddings")


def _deployment(endpoint: Endpoint, what: str) -> str:
    return f"{endpoint.base_url}/openai/deployments/{endpoint.model}/{what}?api-version={_version(endpoint)}"


def _version(endpoint: Endpoint) -> str:
    return str(endpoint.options.get("api_version") or VERSION)
