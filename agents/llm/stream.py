"""An ask put to LangChain's chat model of its provider. Models are built once per address, key and process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from agents.llm.endpoint import Ask, Endpoint, Message
from agents.llm.providers import provider
from agents.llm.providers.base import ANSWER, as_tool


def stream(endpoint: Endpoint, ask: Ask) -> Iterator[Any]:
    """Yield LangChain's message chunks; raises what httpx, the provider's package and LangChain raise."""
    from langsmith import tracing_context

    _guess_nothing()
    kind = provider(endpoint.provider)
    model = model_of(endpoint)
    options = kind.options(endpoint, ask)
    if kind.forces_tool(ask):
        options |= model.bind_tools([as_tool(ask.schema or {})], tool_choice=ANSWER).kwargs
    elif ask.tools:
        options |= model.bind_tools([dict(tool) for tool in ask.tools]).kwargs
    # Whatever the environment says, no prompt is sent to a tracing service.
    with tracing_context(enabled=False):
        yield from model.stream(spoken(ask.messages), **options)


def model_of(endpoint: Endpoint) -> Any:
    """Return LangChain's chat model for the endpoint; raise ProviderNotInstalled."""
    return _model(_reach(endpoint))


def spoken(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages as LangChain can read them: a call whose arguments are no JSON object is shown with its text."""
    return [_with_readable_calls(message) if message.get("tool_calls") else dict(message) for message in messages]


def _with_readable_calls(message: Message) -> dict[str, Any]:
    return {**message, "tool_calls": [_readable(call) for call in message["tool_calls"]]}


def _readable(call: Mapping[str, Any]) -> Mapping[str, Any]:
    if "function" not in call:
        return call
    text = call["function"].get("arguments") or "{}"
    try:
        fits = isinstance(json.loads(text, strict=False), dict)
    except (ValueError, RecursionError):
        fits = False
    arguments = text if fits else json.dumps({"unreadable": text})
    return {**call, "function": {**call["function"], "arguments": arguments}}


@cache
def _guess_nothing() -> None:
    """Have LangChain read what a tool is called with as it is, or not at all; the pieces are joined and read by us.

    It would guess how broken JSON was meant, anew for each character that it takes from the end: minutes for a long text.
    """
    from langchain_core.messages import ai

    # The package has no door for this.
    ai.parse_partial_json = _as_it_is  # type: ignore[attr-defined]


def _as_it_is(s: str, *, strict: bool = False) -> Any:
    return json.loads(s, strict=strict)


def _reach(endpoint: Endpoint) -> Endpoint:
    """Return of the endpoint what a model is built by."""
    named = {setting.name for setting in provider(endpoint.provider).settings}
    options = {name: value for name, value in endpoint.options.items() if name in named}
    return Endpoint(endpoint.base_url, endpoint.api_key, endpoint.model, provider=endpoint.provider, options=options)


@lru_cache(maxsize=64)
def _model(reached: Endpoint) -> Any:
    return provider(reached.provider).model(reached)


# A socket that two processes share mixes their answers.
os.register_at_fork(after_in_child=_model.cache_clear)
