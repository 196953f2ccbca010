"""The platform's own model: a llama.cpp server on this machine, which keeps to forms by grammar."""

from __future__ import annotations

from typing import ClassVar

from agents.llm.providers.openai_compatible import OpenAICompatible


class Embedded(OpenAICompatible):
    """The model that the platform brings along; it has no address of the tenant's."""

    name, title = "embedded", "The platform's own"
    reranks: ClassVar[bool] = False
