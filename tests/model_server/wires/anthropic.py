"""Anthropic's Messages API, with its named events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.model_server.replies import Json, ToolCalls
from tests.model_server.request import Request
from tests.model_server.wires.base import Answer, Body, Counts, Wire, counted, sse, text_of, words_of

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Anthropic(Wire):
    """``POST /v1/messages``."""

    finishes = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

    def knows(self, path: str) -> bool:
        """Say yes to messages."""
        return path.endswith("/v1/messages")

    def messages(self, body: Body) -> list[dict[str, Any]]:
        """Return the system prompt and the messages."""
        system = [{"role": "system", "content": text_of(body["system"])}] if body.get("system") else []
        return [*system, *({**m, "content": text_of(m["content"])} for m in body.get("messages") or [])]

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return that of the tool which has to be called."""
        forced = (body.get("tool_choice") or {}).get("name")
        return next((tool["input_schema"] for tool in body.get("tools") or [] if tool["name"] == forced), None)

    def tools(self, body: Body) -> list[str]:
        """Return their names."""
        return [tool["name"] for tool in body.get("tools") or []]

    def completion(self, request: Request, answer: Answer) -> dict[str, Any]:
        """Return the whole answer at once."""
        text = "".join(words_of(answer))
        blocks = [{"type": "text", "text": text}] if text else []
        calls = [{"type": "tool_use", **call} for call in _calls(request, answer)]
        usage = _usage(counted(request, answer) or Counts(0, 0))
        return {**_message(request), "content": calls or blocks, "stop_reason": self.finish(answer), "usage": usage}

    def head(self, request: Request) -> Iterator[bytes]:
        """Yield the message and its first block."""
        usage = {"input_tokens": len(request.text.split()), "output_tokens": 1}
        yield _event("message_start", message={**_message(request), "usage": usage})
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield _event("ping")

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the events of the streamed answer."""
        calls = _calls(request, answer)
        yield from self.head(request)
        for word in () if isinstance(answer, Json) and calls else words_of(answer):
            yield self.word(request, word)
        yield _event("content_block_stop", index=0)
        for index, call in enumerate(calls, 1):
            yield from _called(index, call)
        counts = counted(request, answer)
        usage = _usage(counts) if counts else {"output_tokens": 0}
        finish = "tool_use" if calls else self.finish(answer)
        yield _event("message_delta", delta={"stop_reason": finish, "stop_sequence": None}, usage=usage)
        yield _event("message_stop")

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return Anthropic's error."""
        return {"type": "error", "error": {"type": code or TYPES.get(status, "api_error"), "message": message}}


def _called(index: int, call: dict[str, Any]) -> Iterator[bytes]:
    empty = {"type": "tool_use", "id": call["id"], "name": call["name"], "input": {}}
    yield _event("content_block_start", index=index, content_block=empty)
    text = call["input"] if isinstance(call["input"], str) else json.dumps(call["input"])
    for piece in (text[:5], text[5:]):
        yield _event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
    yield _event("content_block_stop", index=index)


def _calls(request: Request, answer: Answer) -> list[dict[str, Any]]:
    """A form is answered by calling the tool that stands for it."""
    if isinstance(answer, Json) and request.schema is not None:
        return [{"id": "toolu_0", "name": request.body["tool_choice"]["name"], "input": answer.value}]
    calls = answer.calls if isinstance(answer, ToolCalls) else ()
    return [{"id": f"toolu_{n}", "name": call.name, "input": call.arguments} for n, call in enumerate(calls)]


def _usage(counts: Counts) -> dict[str, Any]:
    """Anthropic counts what came from its cache apart from ``input_tokens``."""
    return {
        "input_tokens": counts.tokens_in - counts.cached,
        "output_tokens": counts.tokens_out,
        "cache_read_input_tokens": counts.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens_details": {"thinking_tokens": counts.reasoning},
    }


def _message(request: Request) -> dict[str, Any]:
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": request.body.get("model", "scripted"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _event(kind: str, **more: Any) -> bytes:
    return sse({"type": kind, **more}, event=kind)
