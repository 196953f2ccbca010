"""OpenAI itself."""

from __future__ import annotations

from typing import ClassVar

from agents.llm.providers.openai_compatible import OpenAICompatible


class OpenAI(OpenAICompatible):
    """OpenAI's own API: it has renamed the limit of tokens, which everybody else knows by the old name."""

    name, title = "openai", "OpenAI"
    address = "https://api.openai.com/v1"
    needs_key: ClassVar[bool] = True
    reranks: ClassVar[bool] = False
    limit_name = "max_completion_tokens"
