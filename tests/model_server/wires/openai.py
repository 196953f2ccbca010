"""OpenAI's chat completions, which Azure, vLLM and many others speak too; and Mistral's small difference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.model_server.replies import Declined, ToolCalls
from tests.model_server.request import Request
from tests.model_server.wires.base import Answer, Body, Wire, counted, sse, words_of


class OpenAI(Wire):
    """``POST .../chat/completions``."""

    def knows(self, path: str) -> bool:
        """Say yes to chat completions wherever they are."""
        return path.endswith("/chat/completions")

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return that of ``response_format``."""
        wanted = body.get("response_format") or {}
        return dict(wanted["json_schema"]["schema"]) if wanted.get("type") == "json_schema" else None

    def tools(self, body: Body) -> list[str]:
        """Return their names."""
        return [tool["function"]["name"] for tool in body.get("tools") or []]

    def completion(self, request: Request, answer: Answer) -> dict[str, Any]:
        """Return the whole answer at once."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(words_of(answer)) or None}
        if isinstance(answer, Declined):
            message["refusal"] = answer.reason
        if isinstance(answer, ToolCalls):
            message["tool_calls"] = _tool_calls(answer)
        choice = {"index": 0, "message": message, "finish_reason": self.finish(answer)}
        return {**_head(request, "chat.completion"), "choices": [choice], "usage": _usage(request, answer)}

    def head(self, request: Request) -> Iterator[bytes]:
        """Yield who speaks."""
        yield _event(request, {"role": "assistant", "content": ""})

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        return _event(request, {"content": word})

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the events of the streamed answer, the usage and the end mark included."""
        yield from self.head(request)
        if isinstance(answer, Declined):
            yield _event(request, {"refusal": answer.reason})
        if isinstance(answer, ToolCalls):
            for index, call in enumerate(_tool_calls(answer)):
                yield _event(request, {"tool_calls": [{"index": index, **call}]})
        for word in words_of(answer):
            yield self.word(request, word)
        yield from self._end(request, answer)
        yield sse("[DONE]")

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return OpenAI's error."""
        return {"error": {"message": message, "type": "error", "code": code or None}}

    def _end(self, request: Request, answer: Answer) -> Iterator[bytes]:
        yield _event(request, {}, finish=self.finish(answer))
        if request.wants_usage and (usage := _usage(request, answer)):
            yield sse({**_head(request, "chat.completion.chunk"), "choices": [], "usage": usage})


class Mistral(OpenAI):
    """The same under ``/mistral``; usage comes unasked, with the finish reason."""

    def knows(self, path: str) -> bool:
        """Say yes under ``/mistral``."""
        return path.startswith("/mistral/") and super().knows(path)

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return Mistral's error."""
        return {"object": "error", "message": message, "type": code or "error", "code": None}

    def _end(self, request: Request, answer: Answer) -> Iterator[bytes]:
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": self.finish(answer)}
        usage = _usage(request, answer)
        more = {"usage": usage} if usage else {}
        yield sse({**_head(request, "chat.completion.chunk"), "choices": [choice], **more})


def _event(request: Request, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return sse({**_head(request, "chat.completion.chunk"), "choices": [choice]})


def _usage(request: Request, answer: Answer) -> dict[str, Any] | None:
    counts = counted(request, answer)
    if counts is None:
        return None
    return {
        "prompt_tokens": counts.tokens_in,
        "completion_tokens": counts.tokens_out,
        "total_tokens": counts.tokens_in + counts.tokens_out,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }


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
