"""Gemini's ``streamGenerateContent``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.model_server.replies import ToolCalls
from tests.model_server.request import Request
from tests.model_server.wires.base import Answer, Body, Wire, counted, sse, words_of

ROLES = {"model": "assistant", "user": "user"}


class Google(Wire):
    """``POST /v1beta/models/<model>:streamGenerateContent``."""

    finishes = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}

    def knows(self, path: str) -> bool:
        """Say yes to generated content."""
        return path.endswith(":streamGenerateContent")

    def streams(self, path: str, body: Body) -> bool:
        """Say yes: the address says so."""
        return True

    def messages(self, body: Body) -> list[dict[str, Any]]:
        """Return the system instruction and the contents."""
        system = body.get("systemInstruction")
        said = [{"role": "system", "content": _text(system)}] if system else []
        contents = body.get("contents") or []
        return said + [{"role": ROLES[turn.get("role", "user")], "content": _text(turn)} for turn in contents]

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return ``responseJsonSchema``."""
        return (body.get("generationConfig") or {}).get("responseJsonSchema")

    def tools(self, body: Body) -> list[str]:
        """Return their names."""
        return [one["name"] for tool in body.get("tools") or [] for one in tool.get("functionDeclarations", ())]

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        return _chunk([{"text": word}])

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the pieces; the last says why it ended and what was used."""
        for word in words_of(answer):
            yield self.word(request, word)
        if isinstance(answer, ToolCalls):
            yield _chunk([{"functionCall": {"name": call.name, "args": call.arguments}} for call in answer.calls])
        yield _chunk([{"text": ""}], finishReason=self.finish(answer), usage=_usage(request, answer))

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return Google's error."""
        return {"error": {"code": status, "message": message, "status": code or "UNKNOWN"}}


def _usage(request: Request, answer: Answer) -> dict[str, int] | None:
    counts = counted(request, answer)
    if counts is None:
        return None
    return {
        "promptTokenCount": counts.tokens_in,
        "candidatesTokenCount": counts.tokens_out - counts.reasoning,
        "thoughtsTokenCount": counts.reasoning,
        "cachedContentTokenCount": counts.cached,
        "totalTokenCount": counts.tokens_in + counts.tokens_out,
    }


def _chunk(parts: list[dict[str, Any]], usage: dict[str, int] | None = None, **more: str) -> bytes:
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
    return sse({"candidates": [candidate], **({"usageMetadata": usage} if usage else {})})


def _text(content: Any) -> str:
    return "".join(str(part.get("text", "")) for part in content.get("parts") or [])
