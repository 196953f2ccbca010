"""The one way from here to a provider: the platform's egress, bounded in time, its failures read where they arrive.

Every provider's package is given a client or transport of this file, so that addresses are checked and a call can be ended.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING

from agents.llm.waiting import seconds_left, still_wanted
from nexod.kernel.one_per_process import OnePerProcess

if TYPE_CHECKING:
    import httpx

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
CONNECT_S = 10.0
SHORTEST_WAIT_S = 0.1
# Their debug lines show whole requests, prompts included, and their info lines show addresses.
TALKATIVE = ("openai", "anthropic", "google_genai", "botocore", "httpx", "httpcore", "httpx_sse", "ollama")


def _client() -> httpx.Client:
    from agents.llm.refusals import raise_for_refusal
    from agents.llm.stream_end import read_to_the_end
    from nexod.kernel.egress import http_client

    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    hooks = {"request": [_in_time], "response": [raise_for_refusal, read_to_the_end]}
    return http_client(max_bytes=MAX_RESPONSE_BYTES, while_waiting=still_wanted, event_hooks=hooks)


egress = OnePerProcess(_client)
"""The client that calls of this process share."""


@cache
def async_egress() -> httpx.AsyncClient:
    """Return what packages want beside it; nothing of ours calls it."""
    from nexod.kernel.egress import async_http_client

    return async_http_client(max_bytes=MAX_RESPONSE_BYTES)


def client_with(base_url: str, headers: dict[str, str]) -> httpx.Client:
    """Return a client for packages that keep address and key in it, or close it; what it sends goes by ``egress``."""
    import httpx

    class Through(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return egress().send(request, stream=True)

    headers = {**headers, "Accept-Encoding": "identity"}
    return httpx.Client(transport=Through(), base_url=base_url, headers=headers, trust_env=False)


def _in_time(request: httpx.Request) -> None:
    """Be an httpx request hook: whatever the package thinks, a call has as long as is left of its time."""
    left = max(SHORTEST_WAIT_S, seconds_left())
    if left == float("inf"):
        return
    connect = min(CONNECT_S, left)
    request.extensions["timeout"] = {"connect": connect, "read": left, "write": left, "pool": connect}


os.register_at_fork(after_in_child=async_egress.cache_clear)
