"""LangChain's chat model over the platform's egress: built once per endpoint and process, imported when first needed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.llm.endpoint import Ask, Endpoint
from agents.llm.errors import ModelTimeout
from agents.llm.structured import bounded, response_format
from nexod.kernel import run_port

if TYPE_CHECKING:
    import httpx

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
CONNECT_S = 10.0
# Their debug lines show whole requests, prompts included, and their info lines show addresses.
TALKATIVE = ("openai", "httpx", "httpcore")
_deadline: ContextVar[float] = ContextVar("model_deadline", default=float("inf"))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give the model calls inside the block that long together; ``still_wanted`` raises ModelTimeout afterwards."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Return how long the present call may still take."""
    return _deadline.get() - time.monotonic()


def still_wanted() -> None:
    """Raise RunWasCancelled or ModelTimeout when nobody waits for the answer any more."""
    run_port.check_cancelled()
    if seconds_left() <= 0:
        raise ModelTimeout


@cache
def _egress() -> httpx.Client:
    from agents.llm.stream_end import read_to_the_end
    from nexod.kernel.egress import http_client

    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    hooks = {"response": [read_to_the_end]}
    return http_client(max_bytes=MAX_RESPONSE_BYTES, while_waiting=still_wanted, event_hooks=hooks)


@cache
def _async_egress() -> httpx.AsyncClient:
    from nexod.kernel.egress import async_http_client

    return async_http_client(max_bytes=MAX_RESPONSE_BYTES)


@lru_cache(maxsize=64)
def chat_model(base_url: str, api_key: str, model: str) -> Any:
    """Return LangChain's ``ChatOpenAI`` for the endpoint. Retries are ours, so it has none."""
    from langchain.chat_models import init_chat_model

    return init_chat_model(
        model,
        model_provider="openai",
        base_url=base_url,
        api_key=api_key or "none",
        http_client=_egress(),
        http_async_client=_async_egress(),
        max_retries=0,
        stream_usage=True,
        use_responses_api=False,
    )


def stream(endpoint: Endpoint, ask: Ask) -> Iterator[Any]:
    """Yield LangChain's message chunks; raises what httpx, openai and LangChain raise."""
    import httpx
    from langsmith import tracing_context

    model = chat_model(endpoint.base_url, endpoint.api_key, endpoint.model)
    left = max(0.1, min(seconds_left(), endpoint.timeout_s))
    options: dict[str, Any] = {"timeout": httpx.Timeout(left, connect=min(CONNECT_S, left))}
    if ask.temperature is not None:
        options["temperature"] = ask.temperature
    if ask.tools:
        options["tools"] = [dict(tool) for tool in ask.tools]
    # Whatever the environment says, no prompt is sent to a tracing service.
    with tracing_context(enabled=False):
        yield from model.stream(
            [dict(message) for message in ask.messages],
            stop=list(ask.stop) or None,
            extra_body=_body(endpoint, ask),
            **options,
        )


def _body(endpoint: Endpoint, ask: Ask) -> dict[str, Any]:
    """Return what goes to the server as it is: LangChain would rename the one and parse the other in its own way."""
    body: dict[str, Any] = {}
    if tokens := endpoint.answer_tokens(ask.max_tokens):
        # OpenAI itself has renamed it; everybody else knows the old name.
        new_name = (urlsplit(endpoint.base_url).hostname or "").endswith("openai.com")
        body["max_completion_tokens" if new_name else "max_tokens"] = tokens
    if ask.schema is not None:
        body["response_format"] = response_format(bounded(ask.schema) if endpoint.small else ask.schema)
    return body


def _forget_connections() -> None:
    for cached in (_egress, _async_egress, chat_model):
        cached.cache_clear()


# A socket that two processes share mixes their answers.
os.register_at_fork(after_in_child=_forget_connections)
