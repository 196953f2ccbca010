"""Every provider by its name. Importing this imports none of their packages."""

from __future__ import annotations

from agents.llm.errors import ProviderUnknown
from agents.llm.providers.anthropic import Anthropic
from agents.llm.providers.azure import Azure
from agents.llm.providers.base import Provider
from agents.llm.providers.bedrock import Bedrock
from agents.llm.providers.embedded import Embedded
from agents.llm.providers.google import Google
from agents.llm.providers.mistral import Mistral
from agents.llm.providers.ollama import Ollama
from agents.llm.providers.openai import OpenAI
from agents.llm.providers.openai_compatible import OpenAICompatible
from agents.llm.providers.vllm import Vllm

__all__ = ["PROVIDERS", "Provider", "provider"]

PROVIDERS: dict[str, Provider] = {
    kind.name: kind()
    for kind in (OpenAI, Anthropic, Google, Azure, Bedrock, Mistral, Ollama, Vllm, OpenAICompatible, Embedded)
}


def provider(name: str) -> Provider:
    """Return the provider of that name; raise ProviderUnknown."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise ProviderUnknown(f"There is no model provider {name!r}.", details={"provider": name}) from None
