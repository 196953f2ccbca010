"""What the server was asked, as tests look at it, and matchers that choose a scripted reply by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One recorded chat completion request."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        """The conversation, oldest first."""
        return list(self.body.get("messages") or [])

    @property
    def text(self) -> str:
        """Everything that was said in it, joined by newlines."""
        return "\n".join(str(message.get("content") or "") for message in self.messages)

    @property
    def last(self) -> str:
        """The last message."""
        return str(self.messages[-1].get("content") or "") if self.messages else ""

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema that the answer has to conform to, if one was given."""
        wanted = self.body.get("response_format") or {}
        return dict(wanted["json_schema"]["schema"]) if wanted.get("type") == "json_schema" else None

    @property
    def streamed(self) -> bool:
        """Whether the answer is wanted in pieces."""
        return bool(self.body.get("stream"))

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
