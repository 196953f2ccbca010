"""The bytes of the protocol: whole completions, and completions in chunks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.model_server.replies import Declined, Huge, Json, Text, ToolCalls
from tests.model_server.request import Request

Answer = Text | Json | ToolCalls | Declined | Huge
HUGE_PIECE = 50_000


def usage(request: Request, pieces: list[str]) -> dict[str, int]:
    """Count words for tokens, so that tests can foretell the numbers."""
    tokens_in, tokens_out = len(request.text.split()), len("".join(pieces).split())
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}


def pieces(answer: Answer) -> list[str]:
    """Return the text of an answer in pieces of a word each."""
    if isinstance(answer, Huge):
        return ["x" * HUGE_PIECE] * (answer.characters // HUGE_PIECE)
    text = json.dumps(answer.value) if isinstance(answer, Json) else getattr(answer, "text", "")
    return re.findall(r"\S+\s*|\s+", text)


def completion(request: Request, answer: Answer) -> dict[str, Any]:
    """Return the whole answer at once."""
    words = pieces(answer)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(words) or None}
    if isinstance(answer, Declined):
        message["refusal"] = answer.reason
    if isinstance(answer, ToolCalls):
        message["tool_calls"] = _tool_calls(answer)
    choice = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": usage(request, words)}


def chunks(request: Request, answer: Answer) -> Iterator[bytes]:
    """Yield the events of the streamed answer, the usage and the end mark included."""
    words = pieces(answer)
    yield event(request, {"role": "assistant", "content": ""})
    if isinstance(answer, Declined):
        yield event(request, {"refusal": answer.reason})
    if isinstance(answer, ToolCalls):
        for index, call in enumerate(_tool_calls(answer)):
            yield event(request, {"tool_calls": [{"index": index, **call}]})
    for word in words:
        yield event(request, {"content": word})
    yield event(request, {}, finish=_finish(answer))
    if request.wants_usage and getattr(answer, "usage", True):
        counted = {**_head(request, "chat.completion.chunk"), "choices": [], "usage": usage(request, words)}
        yield _sse(json.dumps(counted))
    yield _sse("[DONE]")


def event(request: Request, delta: dict[str, Any], finish: str | None = None) -> bytes:
    """Return one event of a streamed answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _sse(json.dumps({**_head(request, "chat.completion.chunk"), "choices": [choice]}))


def _finish(answer: Answer) -> str:
    if isinstance(answer, ToolCalls):
        return "tool_calls"
    return answer.finish if isinstance(answer, Text) else "stop"


def _tool_calls(answer: ToolCalls) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": _text(call.arguments)}}
        for n, call in enumerate(answer.calls)
    ]


def _text(given: dict[str, Any] | str) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _head(request: Request, kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": kind,
        "created": 1700000000,
        "model": request.body.get("model", "scripted"),
    }


def _sse(data: str) -> bytes:
    return f"data: {data}\n\n".encode()
