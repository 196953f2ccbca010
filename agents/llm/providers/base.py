"""What a model provider is to the gateway. One file each beside this one; LangChain and the packages are imported when called.

A provider says how an endpoint becomes a LangChain model over our own HTTP client, and how an ask is put to it. What comes
back (text, tool calls, usage, finish reasons) LangChain has brought into one form; what little differs is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.errors import ModelCannot, ProviderNotInstalled

TIMEOUTS_ARE_OURS = 600.0
ANSWER = "answer"
"""What the tool is called by which a model is made to answer in a form."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that a connection of this provider has beside address, key and models."""

    name: str
    label: str
    hint: str = ""
    default: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The request that lists a provider's models, with the place of their names in its answer."""

    url: str
    headers: Mapping[str, str]
    rows: str = "data"
    name: str = "id"


class Provider:
    """Who answers. Subclasses name the package that speaks to it and say how."""

    name: ClassVar[str]
    title: ClassVar[str]
    langchain: ClassVar[str]
    """What ``init_chat_model`` calls it."""
    package: ClassVar[str] = "langchain_openai"
    address: ClassVar[str] = ""
    """Where it is unless the connection says otherwise; empty: the connection has to."""
    needs_key: ClassVar[bool] = True
    settings: ClassVar[tuple[Setting, ...]] = ()
    knobs: ClassVar[Mapping[str, str]] = {}
    """Options of connections and agents that are passed on, by what the package calls them."""
    usage_adds: ClassVar[bool] = False
    """Whether the usages of an answer's chunks are parts, to be added; else each is the whole so far."""
    embeds: ClassVar[bool] = True
    reranks: ClassVar[bool] = False

    def model(self, endpoint: Endpoint) -> Any:
        """Return LangChain's chat model for the endpoint. Raises ProviderNotInstalled."""
        raise NotImplementedError

    def options(self, endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
        """Return what LangChain's ``stream`` is given beside the messages; tools come by ``bind_tools``."""
        raise NotImplementedError

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the package raises beside httpx's errors and Python's own."""
        return ()

    def garbage(self) -> tuple[type[Exception], ...]:
        """Return what the package raises when an answer is not of its protocol, beside what Python raises then."""
        return ()

    def forces_tool(self, ask: Ask) -> bool:
        """Say whether an answer in a form is the call of a tool, which is unwrapped."""
        return False

    def listing(self, endpoint: Endpoint) -> Listing:
        """Return how its models are listed; plain HTTP, so that the web process can ask without any package."""
        return Listing(f"{endpoint.base_url}/models", self.headers(endpoint))

    def turned(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return the endpoint's options that this provider takes, under its names."""
        return given(**{theirs: endpoint.options.get(ours) for ours, theirs in self.knobs.items()})

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return what shows the key, for calls without the package."""
        return {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}

    def embeddings_url(self, endpoint: Endpoint) -> str:
        """Return where texts become vectors, in OpenAI's form. Raises ModelCannot."""
        if not self.embeds:
            raise ModelCannot(f"{self.title} has no embeddings here. Choose another connection for them.")
        return f"{endpoint.base_url}/embeddings"

    def rerank_url(self, endpoint: Endpoint) -> str:
        """Return where documents are put in order, in the form of Cohere, Jina and vLLM. Raises ModelCannot."""
        if not self.reranks:
            raise ModelCannot(f"{self.title} has no rerank here. Choose another connection for it.")
        return f"{endpoint.base_url}/rerank"

    def init(self, model: str, **options: Any) -> Any:
        """Return what ``init_chat_model`` makes of it; raise ProviderNotInstalled, which says what to install."""
        from langchain.chat_models import init_chat_model

        try:
            return init_chat_model(model, model_provider=self.langchain, **options)
        except ImportError as error:
            package = self.package.replace("_", "-")
            raise ProviderNotInstalled(
                f"{self.title} needs the package {package}, which is not installed here. Install it with"
                f" `pip install {package}` (or `make providers` for all of them) and start the workers again.",
                details={"provider": self.name, "package": package},
            ) from error


def given(**options: Any) -> dict[str, Any]:
    """Return the options that have a value."""
    return {name: value for name, value in options.items() if value is not None}


def as_tool(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tool whose arguments are the answer."""
    told = "Give your answer by calling this."
    return {"type": "function", "function": {"name": ANSWER, "description": told, "parameters": dict(schema)}}
