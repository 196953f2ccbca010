"""One attempt to get an answer: listens to the stream until it is whole, and remembers what it heard when it is not."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from agents.llm.client import still_wanted, stream
from agents.llm.endpoint import Ask, Endpoint, Reply, ToolCall
from agents.llm.errors import ModelAnswerTooLarge, ModelDeclined, ModelStreamCut
from tenants.context import release_connections

CHARACTERS_PER_TOKEN = 4
LONGEST_ANSWER = 2_000_000  # characters


@dataclass(slots=True)
class Attempt:
    """What was heard so far of one answer."""

    endpoint: Endpoint
    ask: Ask
    started: float = field(default_factory=time.monotonic)
    pieces: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    usage: tuple[int, int] | None = None
    finish: str = ""
    characters: int = 0

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
            raise ModelStreamCut
        if self.finish == "content_filter" or not (self.calls or "".join(self.pieces).strip()):
            raise ModelDeclined

    def reply(self) -> Reply:
        """Return what was heard, with the provider's token counts, or our estimate."""
        text = "".join(self.pieces)
        tokens_in, tokens_out = self.usage or self._estimate(text)
        return Reply(
            text=text,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            seconds=time.monotonic() - self.started,
            cost_usd=self.endpoint.cost_usd(tokens_in, tokens_out),
            estimated=self.usage is None,
            finish=self.finish,
            tool_calls=tuple(ToolCall(**call) for _, call in sorted(self.calls.items())),
        )

    def _hear(self, chunk: Any) -> None:
        if text := chunk.content:
            self.pieces.append(text)
            self.characters += len(text)
            if self.characters > LONGEST_ANSWER:
                raise ModelAnswerTooLarge
        for piece in getattr(chunk, "tool_call_chunks", ()):
            self._hear_call(piece)
        if usage := getattr(chunk, "usage_metadata", None):
            # Some servers count up in every chunk; the last word is the whole.
            self.usage = (usage["input_tokens"], usage["output_tokens"])
        self.finish = chunk.response_metadata.get("finish_reason") or self.finish

    def _hear_call(self, piece: dict[str, Any]) -> None:
        call = self.calls.setdefault(piece["index"], {"id": "", "name": "", "arguments": ""})
        call["id"] += piece["id"] or ""
        call["name"] += piece["name"] or ""
        call["arguments"] += piece["args"] or ""

    def _estimate(self, text: str) -> tuple[int, int]:
        said = sum(len(str(message.get("content") or "")) for message in self.ask.messages)
        written = len(text) + sum(len(call["arguments"]) for call in self.calls.values())
        return -(-said // CHARACTERS_PER_TOKEN), -(-written // CHARACTERS_PER_TOKEN)
