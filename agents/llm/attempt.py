"""One attempt to get an answer: listens to the stream until it is whole, and remembers what it heard when it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.llm.endpoint import Ask, Endpoint, Reply, ToolCall
from agents.llm.errors import ModelAnsweredGarbage, ModelAnswerTooLarge, ModelDeclined, ModelStreamCut
from agents.llm.finish import finish_in
from agents.llm.prices import cost_of
from agents.llm.providers import provider
from agents.llm.recall import kept
from agents.llm.stream import stream
from agents.llm.waiting import still_wanted
from nexod.kernel.run_port import Reservation
from tenants.context import release_connections

CHARACTERS_PER_TOKEN = 4
LONGEST_ANSWER = 2_000_000  # characters, arguments of tools included
MOST_TOKENS = 100_000_000
"""Beyond what any model reads at once: who counts more, or less than nothing, does not count."""


@dataclass(slots=True)
class Heard:
    """Tokens as the provider counts them."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    reasoning: int = 0

    @classmethod
    def of(cls, usage: Mapping[str, Any]) -> Heard | None:
        """Read LangChain's usage, in which cached tokens are among those in, and reasoning among those out.

        None for numbers that count nothing: what is below zero would be paid back by every budget.
        """
        cached = (usage.get("input_token_details") or {}).get("cache_read") or 0
        reasoning = (usage.get("output_token_details") or {}).get("reasoning") or 0
        counts = (usage.get("input_tokens") or 0, usage.get("output_tokens") or 0, cached, reasoning)
        return cls(*counts) if all(isinstance(n, int) and 0 <= n <= MOST_TOKENS for n in counts) else None

    def __add__(self, other: Heard) -> Heard:
        return Heard(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


@dataclass(slots=True)
class Attempt:
    """What was heard so far of one answer. ``on_text`` is told each piece of its text."""

    endpoint: Endpoint
    ask: Ask
    on_text: Callable[[str], None] | None = None
    reservation: Reservation | None = None
    started: float = field(default_factory=time.monotonic)
    first_token_s: float | None = None
    pieces: list[str] = field(default_factory=list)
    calls: dict[Any, dict[str, str]] = field(default_factory=dict)
    usage: Heard | None = None
    finish: str = ""
    characters: int = 0

    @property
    def writes(self) -> bool:
        """Whether the model writes, so that room for its answer is needed."""
        return True

    def kept(self, reply: Reply) -> Any:
        """Return the answer as it is recorded: JSON."""
        return kept(reply)

    @property
    def began(self) -> bool:
        """Whether anything of the answer has arrived."""
        return bool(self.pieces or self.calls or self.finish)

    def listen(self) -> None:
        """Hear the whole answer. Raises what the client raises, and our errors for an answer that is not whole."""
        # However long the model takes, meanwhile this thread holds no connection of the pool.
        release_connections()
        for chunk in stream(self.endpoint, self.ask):
            still_wanted()
            self._hear(chunk)
        if not self.finish:
            raise ModelStreamCut if self.began else ModelAnsweredGarbage
        if self.finish == "content_filter" or not (self.calls or "".join(self.pieces).strip()):
            raise ModelDeclined

    def reply(self) -> Reply:
        """Return what was heard, with the provider's token counts, or our estimate."""
        text, calls = self._said()
        used, estimated = self._counted(text)
        cost = cost_of(
            self.endpoint, used.tokens_in, used.tokens_out, tokens_cached=used.cached, tokens_reasoning=used.reasoning
        )
        return Reply(
            text=text,
            tokens_in=used.tokens_in,
            tokens_out=used.tokens_out,
            tokens_cached=used.cached,
            tokens_reasoning=used.reasoning,
            seconds=time.monotonic() - self.started,
            first_token_s=self.first_token_s,
            cost_usd=cost.usd,
            estimated=estimated,
            finish="tool_calls" if calls and self.finish == "stop" else self.finish,
            tool_calls=calls,
            model=self.endpoint.model,
        )

    def _said(self) -> tuple[str, tuple[ToolCall, ...]]:
        """Return text and calls; what a model was made to call so that it answers in a form is the text."""
        calls = tuple(ToolCall(**call) for call in self.calls.values())
        if calls and provider(self.endpoint.provider).forces_tool(self.ask):
            return calls[0].arguments, ()
        return "".join(self.pieces), calls

    def _counted(self, text: str) -> tuple[Heard, bool]:
        """Return the provider's count; a side of it that is missing is estimated."""
        guess, used = self._estimate(text), self.usage
        if used is None:
            return guess, True
        tokens_in, tokens_out = used.tokens_in or guess.tokens_in, used.tokens_out or guess.tokens_out
        whole = Heard(tokens_in, tokens_out, used.cached, used.reasoning)
        return whole, whole != used

    def _hear(self, chunk: Any) -> None:
        calls = getattr(chunk, "tool_call_chunks", ())
        text = str(chunk.text)
        if (text or calls) and self.first_token_s is None:
            self.first_token_s = time.monotonic() - self.started
        if text:
            self._hear_text(text)
        for piece in calls:
            self._hear_call(piece)
        if usage := getattr(chunk, "usage_metadata", None):
            self._hear_usage(Heard.of(usage))
        self.finish = finish_in(chunk.response_metadata) or self.finish

    def _hear_usage(self, heard: Heard | None) -> None:
        """Some servers count up in every chunk, where the last word is the whole; others count each chunk's own."""
        adds = provider(self.endpoint.provider).usage_adds
        self.usage = self.usage + heard if adds and self.usage and heard else heard

    def _hear_text(self, text: str) -> None:
        self.pieces.append(text)
        self._grow(text)
        if self.on_text is not None:
            self.on_text(text)

    def _hear_call(self, piece: Mapping[str, Any]) -> None:
        """Join the pieces of a call: they share an index; where there is none, each with a name is a whole call."""
        place = piece.get("index")
        if place is None:
            place = f"call {len(self.calls) if piece.get('name') else len(self.calls) - 1}"
        call = self.calls.setdefault(place, {"id": "", "name": "", "arguments": ""})
        call["id"] += piece["id"] or ""
        call["name"] += piece["name"] or ""
        call["arguments"] += piece["args"] or ""
        self._grow(piece["args"] or "")

    def _grow(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > LONGEST_ANSWER:
            raise ModelAnswerTooLarge

    def _estimate(self, text: str) -> Heard:
        said = sum(len(str(message.get("content") or "")) for message in self.ask.messages)
        written = len(text) + sum(len(call["arguments"]) for call in self.calls.values())
        return Heard(-(-said // CHARACTERS_PER_TOKEN), -(-written // CHARACTERS_PER_TOKEN))
