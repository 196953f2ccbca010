"""Long conversations are cut to what a model with a small context can read: the middle of the longest message goes first."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context.turns import without_middle
from agents.llm.endpoint import Endpoint, Message

CHARACTERS_PER_TOKEN = 3  # fewer than English has, so that other texts fit too
RESERVE_TOKENS = 64
_KNOWN = ("role", "content", "name", "tool_calls", "tool_call_id")


def fitted(messages: Sequence[Message], endpoint: Endpoint, answer_tokens: int | None) -> list[Message]:
    """Return the messages, with the protocol's own fields only, short enough for the endpoint's context."""
    plain = [{name: message[name] for name in _KNOWN if name in message} for message in messages]
    if endpoint.context_tokens is None:
        return list(plain)
    room = (endpoint.context_tokens - (answer_tokens or 0) - RESERVE_TOKENS) * CHARACTERS_PER_TOKEN
    excess = sum(len(str(message.get("content") or "")) for message in plain) - room
    if excess > 0:
        longest = max(plain, key=lambda message: len(str(message.get("content") or "")))
        text = str(longest["content"])
        longest["content"] = without_middle(text, max(0, len(text) - excess))
    return list(plain)
