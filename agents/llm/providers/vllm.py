"""vLLM's own server: OpenAI's protocol, forms by grammar, rerank."""

from __future__ import annotations

from agents.llm.providers.openai_compatible import OpenAICompatible


class Vllm(OpenAICompatible):
    """A vLLM server."""

    name, title = "vllm", "vLLM"
