"""A conversation in turns: what the model said and what its tools gave belong together, and are kept or left out together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agents.llm.endpoint import Message

Turn = Sequence[Message]
CUT = "\n[...]\n"


def size(messages: Sequence[Message]) -> int:
    """Return how many characters the messages have, tool calls included."""
    return sum(len(text_of(message)) + len(_calls(message)) for message in messages)


def text_of(message: Message) -> str:
    """Return the text of a message."""
    return str(message.get("content") or "")


def newest(turns: Sequence[Turn], room: int) -> int:
    """Return from which turn on the conversation fits into ``room`` characters; the last one is always in."""
    first = max(0, len(turns) - 1)
    left = room - (size(turns[first]) if turns else 0)
    while first > 0 and (left := left - size(turns[first - 1])) >= 0:
        first -= 1
    return first


def told(turn: Turn) -> str:
    """Return a turn as text, for a model that reads about it instead of having it as its own."""
    lines: list[str] = []
    for message in turn:
        if text := text_of(message):
            lines.append(f"{'Tool' if message['role'] == 'tool' else 'You'}: {text}")
        calls = [call["function"] for call in message.get("tool_calls") or ()]
        lines += [f"You used {call['name']} with {call['arguments']}" for call in calls]
    return "\n".join(lines)


def without_middle(text: str, length: int) -> str:
    """Return the text cut to ``length`` characters: the beginning and the end stay."""
    if len(text) <= length:
        return text
    kept = max(0, length - len(CUT))
    head = kept * 2 // 3
    return text[:head] + CUT + text[len(text) - (kept - head) :]


def shortened(turn: Turn, room: int) -> list[Message]:
    """Return the turn with its longest results cut, so that it fits into ``room`` characters as far as it can."""
    messages: list[dict[str, Any]] = [dict(message) for message in turn]
    results = [message for message in messages if message["role"] == "tool"]
    excess = size(messages) - room
    for message in sorted(results, key=lambda one: -len(text_of(one))):
        if excess <= 0:
            break
        before = text_of(message)
        message["content"] = without_middle(before, max(200, len(before) - excess))
        excess -= len(before) - len(text_of(message))
    return list(messages)


def _calls(message: Message) -> str:
    return json.dumps(message["tool_calls"]) if message.get("tool_calls") else ""
