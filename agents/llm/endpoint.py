"""Where a model is reached and what it costs, and what is asked of it and comes back. Plain data, free of any client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]
"""A message of the OpenAI protocol: ``{"role": "user", "content": "..."}``."""

SMALL_ANSWER_TOKENS = 220
SMALL_CONTEXT_TOKENS = 2048  # more would fit, but is read at a few hundred tokens a second


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a connection may be used, by all workers together; None is without limit."""

    concurrent: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at a provider's address. Prices are USD per million tokens.

    ``label`` is what people call the connection; keys and address are kept out of every text. ``former_key`` is tried where
    ``api_key`` is refused. ``connection`` is the slug under which limits, breaker and cache are kept; empty: there are none.
    A ``small`` model (a few hundred million parameters on a CPU) gets short prompts and short answers.
    """

    base_url: str = field(repr=False)
    api_key: str = field(repr=False)
    model: str
    timeout_s: float = 120.0
    price_in: float = 0.0
    price_out: float = 0.0
    label: str = "model"
    small: bool = False
    provider: str = "openai_compatible"
    connection: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    former_key: str = field(default="", repr=False)
    limits: Limits = Limits()
    cache_s: int = 0
    agent: str = ""
    """Slug of the agent that asks, whose budget it is."""
    knowledge_base: str = ""
    """Slug of what texts are embedded for."""

    @property
    def context_tokens(self) -> int | None:
        """How much prompt and answer may have together; None is not known, hence the provider's own limit."""
        return SMALL_CONTEXT_TOKENS if self.small else None

    def cost_usd(self, tokens_in: int, tokens_out: int) -> float:
        """Return what these tokens cost here."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000

    def answer_tokens(self, wanted: int | None) -> int | None:
        """Return the bound of an answer: what is ``wanted``, else a short one for a small model, else the provider's."""
        return wanted or (SMALL_ANSWER_TOKENS if self.small else None)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called; ``arguments`` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a model."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    stop: tuple[str, ...] = ()
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``data`` is the checked value when a schema was given; ``estimated`` marks token counts of ours.

    ``tokens_cached`` are among ``tokens_in``, ``tokens_reasoning`` among ``tokens_out``. ``cached``: an answer of the tenant's
    own cache, which cost nothing. ``model`` is the one of the chain that answered.
    """

    text: str
    data: Any = None
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    estimated: bool = False
    finish: str = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    first_token_s: float | None = None
    cached: bool = False
    model: str = ""
