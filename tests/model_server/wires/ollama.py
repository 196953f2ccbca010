"""Ollama's ``/api/chat``: a JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.model_server.replies import ToolCalls
from tests.model_server.request import Request
from tests.model_server.wires.base import Answer, Body, Wire, counted, words_of


class Ollama(Wire):
    """``POST /api/chat``; it has no word for a filter."""

    media_type = "application/x-ndjson"
    finishes = {"tool_calls": "stop"}

    def knows(self, path: str) -> bool:
        """Say yes to chats."""
        return path.endswith("/api/chat")

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return ``format``."""
        return body.get("format") or None

    def tools(self, body: Body) -> list[str]:
        """Return their names."""
        return [tool["function"]["name"] for tool in body.get("tools") or []]

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        return _line(request, {"content": word})

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the lines."""
        for word in words_of(answer):
            yield self.word(request, word)
        if isinstance(answer, ToolCalls):
            calls = [{"function": {"name": call.name, "arguments": call.arguments}} for call in answer.calls]
            yield _line(request, {"content": "", "tool_calls": calls})
        counts = counted(request, answer)
        used = {"prompt_eval_count": counts.tokens_in, "eval_count": counts.tokens_out} if counts else {}
        yield _line(request, {"content": ""}, done=True, done_reason=self.finish(answer), **used)

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return Ollama's error."""
        return {"error": message}


def _line(request: Request, message: dict[str, Any], **more: Any) -> bytes:
    head = {"model": request.body.get("model", "scripted"), "created_at": "2026-01-01T00:00:00Z", "done": False}
    return json.dumps({**head, "message": {"role": "assistant", **message}, **more}).encode() + b"\n"
