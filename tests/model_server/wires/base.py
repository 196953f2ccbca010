"""What a protocol is to the server: how a request is read, and how each answer is put into bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.model_server.replies import Declined, Huge, Json, Text, ToolCalls
from tests.model_server.request import Request

Answer = Text | Json | ToolCalls | Declined | Huge
Body = Mapping[str, Any]
HUGE_PIECE = 50_000
FINISHES = ("stop", "length", "tool_calls", "content_filter")


@dataclass(frozen=True, slots=True)
class Counts:
    """Words are counted for tokens, so that tests can foretell the numbers."""

    tokens_in: int
    tokens_out: int
    cached: int = 0
    reasoning: int = 0


class Wire:
    """One protocol."""

    media_type = "text/event-stream"
    finishes: Mapping[str, str] = {}
    """The protocol's words for ours."""

    def knows(self, path: str) -> bool:
        """Say whether a request to this path is of the protocol."""
        raise NotImplementedError

    def messages(self, body: Body) -> list[dict[str, Any]]:
        """Return what was said, in OpenAI's form."""
        return [dict(message) for message in body.get("messages") or []]

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return the form that the answer is to have."""
        return None

    def tools(self, body: Body) -> list[str]:
        """Return the names of the tools that are offered."""
        return []

    def streams(self, path: str, body: Body) -> bool:
        """Say whether the answer is wanted in pieces."""
        return bool(body.get("stream"))

    def completion(self, request: Request, answer: Answer) -> dict[str, Any]:
        """Return the whole answer at once."""
        raise NotImplementedError

    def head(self, request: Request) -> Iterator[bytes]:
        """Yield what comes before the first word."""
        return iter(())

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        raise NotImplementedError

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the whole answer in pieces."""
        raise NotImplementedError

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return the body of an HTTP error."""
        raise NotImplementedError

    def finish(self, answer: Answer) -> str:
        """Return the protocol's word for how the answer ends."""
        ours = "tool_calls" if isinstance(answer, ToolCalls) else getattr(answer, "finish", "stop")
        if isinstance(answer, Declined) and "content_filter" in self.finishes:
            ours = "content_filter"
        return self.finishes.get(ours, ours)


def words_of(answer: Answer) -> list[str]:
    """Return the text of an answer in pieces of a word each."""
    if isinstance(answer, Huge):
        return ["x" * HUGE_PIECE] * (answer.characters // HUGE_PIECE)
    text = json.dumps(answer.value) if isinstance(answer, Json) else getattr(answer, "text", "")
    return re.findall(r"\S+\s*|\s+", text)


def counted(request: Request, answer: Answer) -> Counts | None:
    """Return the counts of an answer, or nothing where it is to leave them out."""
    if not getattr(answer, "usage", True):
        return None
    reasoning = getattr(answer, "reasoning", 0)
    tokens_out = len("".join(words_of(answer)).split()) + reasoning
    return Counts(len(request.text.split()), tokens_out, getattr(answer, "cached", 0), reasoning)


def sse(data: Any, event: str = "") -> bytes:
    """Return one server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


def text_of(content: Any) -> str:
    """Return the text of a content that may be made of blocks."""
    if isinstance(content, list):
        return "".join(str(block.get("text") or "") if isinstance(block, dict) else str(block) for block in content)
    return str(content or "")
