"""What the server was asked, as tests look at it, and matchers that choose a scripted reply by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")


@dataclass(frozen=True, slots=True)
class Request:
    """One recorded request. ``messages``, ``schema`` and ``tools`` (names) are the same whatever the protocol."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]] = ()
    schema: dict[str, Any] | None = None
    tools: Sequence[str] = ()
    streamed: bool = False

    @property
    def text(self) -> str:
        """Everything that was said in it, joined by newlines."""
        return "\n".join(str(message.get("content") or "") for message in self.messages)

    @property
    def last(self) -> str:
        """The last message."""
        return str(self.messages[-1].get("content") or "") if self.messages else ""

    @property
    def key(self) -> str:
        """The key that it came with, in whichever header the provider wants it."""
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return next((self.headers[name] for name in KEY_HEADERS if name in self.headers), bearer)

    @property
    def wants_usage(self) -> bool:
        """Whether a streamed answer is to end with the usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))


Matcher = Callable[[Request], bool]


def mentions(*words: str) -> Matcher:
    """Match a request whose conversation contains all ``words``, in any case."""
    return lambda request: all(word.lower() in request.text.lower() for word in words)


def says_system(words: str) -> Matcher:
    """Match a request whose system message contains ``words``: how to tell the agents of a crew apart."""

    def matches(request: Request) -> bool:
        system = [str(m.get("content")) for m in request.messages if m.get("role") == "system"]
        return words.lower() in "\n".join(system).lower()

    return matches


def asks_for(*names: str) -> Matcher:
    """Match a request whose JSON Schema has properties of these names."""
    return lambda request: set(names) <= set((request.schema or {}).get("properties", {}))
