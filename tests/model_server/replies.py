"""What the server can be told to answer: good answers, and each way in which a model endpoint goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.model_server.request import Matcher


@dataclass(frozen=True, slots=True)
class Text:
    """A text, a word at a time. ``usage`` False leaves the token counts out; ``wait_s`` comes before the first word.

    ``cached`` tokens are among those of the prompt, ``reasoning`` ones come on top of the text's words. It is held back
    until a request that matches ``after`` has come.
    """

    text: str
    usage: bool = True
    wait_s: float = 0.0
    finish: str = "stop"
    cached: int = 0
    reasoning: int = 0
    after: Matcher | None = None


@dataclass(frozen=True, slots=True)
class Json:
    """A value, as JSON text."""

    value: Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool: its name and its arguments (a dict, or a broken string)."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The model wants tools called, and says ``text`` besides."""

    calls: tuple[ToolCall, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drip:
    """A text, a word every ``every_s`` seconds."""

    text: str
    every_s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A stream that ends in the middle: rudely (the connection breaks) or, ``politely``, without a finish reason."""

    text: str = "This sentence will never"
    politely: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP error, with a ``Retry-After`` when that is given; held back until a request that matches ``after`` has come."""

    status: int
    message: str = "the server says no"
    code: str = ""
    retry_after: str | float | None = None
    after: Matcher | None = None


@dataclass(frozen=True, slots=True)
class Garbage:
    """200, and a body that no OpenAI-compatible server sends."""

    body: str = "<html><body>Welcome to the router</body></html>"
    media_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Hang:
    """Accept the request and say nothing for ``seconds``, then close."""

    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Declined:
    """The model itself refuses, in the protocol's ``refusal`` field."""

    reason: str = "I cannot help with that."


@dataclass(frozen=True, slots=True)
class Huge:
    """An answer of ``characters`` characters."""

    characters: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to another address."""

    location: str


Reply = Text | Json | ToolCalls | Drip | Cut | Status | Garbage | Hang | Declined | Huge | Redirect
