"""Bedrock's ``converse-stream``: Amazon's binary event stream."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from tests.model_server.replies import Json, ToolCalls
from tests.model_server.request import Request
from tests.model_server.wires.base import Answer, Body, Wire, counted, text_of, words_of

STRING = 7


class Bedrock(Wire):
    """``POST /model/<model>/converse-stream``."""

    media_type = "application/vnd.amazon.eventstream"
    finishes = {
        "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "content_filtered",
    }  # fmt: skip

    def knows(self, path: str) -> bool:
        """Say yes to conversations."""
        return path.endswith("/converse-stream")

    def streams(self, path: str, body: Body) -> bool:
        """Say yes: the address says so."""
        return True

    def messages(self, body: Body) -> list[dict[str, Any]]:
        """Return the system prompt and the messages."""
        system = [{"role": "system", "content": text_of(body["system"])}] if body.get("system") else []
        return [*system, *({**m, "content": text_of(m["content"])} for m in body.get("messages") or [])]

    def schema(self, body: Body) -> dict[str, Any] | None:
        """Return that of the tool which has to be called."""
        forced = _forced(body)
        specs = [tool["toolSpec"] for tool in (body.get("toolConfig") or {}).get("tools", ())]
        return next((spec["inputSchema"]["json"] for spec in specs if spec["name"] == forced), None)

    def tools(self, body: Body) -> list[str]:
        """Return their names."""
        return [tool["toolSpec"]["name"] for tool in (body.get("toolConfig") or {}).get("tools", ())]

    def head(self, request: Request) -> Iterator[bytes]:
        """Yield who speaks."""
        yield _event("messageStart", {"role": "assistant"})

    def word(self, request: Request, word: str) -> bytes:
        """Return a piece of text."""
        return _event("contentBlockDelta", {"delta": {"text": word}, "contentBlockIndex": 0})

    def chunks(self, request: Request, answer: Answer) -> Iterator[bytes]:
        """Yield the events."""
        calls = _calls(request, answer)
        yield from self.head(request)
        for word in () if isinstance(answer, Json) and calls else words_of(answer):
            yield self.word(request, word)
        yield _event("contentBlockStop", {"contentBlockIndex": 0})
        for index, (name, arguments) in enumerate(calls, 1):
            yield from _called(index, name, arguments)
        yield _event("messageStop", {"stopReason": "tool_use" if calls else self.finish(answer)})
        if usage := _usage(request, answer):
            yield _event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})

    def error(self, status: int, message: str, code: str) -> dict[str, Any]:
        """Return Amazon's error."""
        return {"message": message}


def _called(index: int, name: str, arguments: Any) -> Iterator[bytes]:
    start = {"toolUse": {"toolUseId": f"tool_{index}", "name": name}}
    yield _event("contentBlockStart", {"start": start, "contentBlockIndex": index})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    yield _event("contentBlockDelta", {"delta": {"toolUse": {"input": text}}, "contentBlockIndex": index})
    yield _event("contentBlockStop", {"contentBlockIndex": index})


def _calls(request: Request, answer: Answer) -> list[tuple[str, Any]]:
    if isinstance(answer, Json) and request.schema is not None:
        return [(str(_forced(request.body)), answer.value)]
    return [(call.name, call.arguments) for call in answer.calls] if isinstance(answer, ToolCalls) else []


def _forced(body: Body) -> str | None:
    return (((body.get("toolConfig") or {}).get("toolChoice") or {}).get("tool") or {}).get("name")


def _usage(request: Request, answer: Answer) -> dict[str, int] | None:
    counts = counted(request, answer)
    if counts is None:
        return None
    return {
        "inputTokens": counts.tokens_in - counts.cached,
        "outputTokens": counts.tokens_out,
        "totalTokens": counts.tokens_in + counts.tokens_out,
        "cacheReadInputTokens": counts.cached,
    }


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    """Frame an event: lengths, their checksum, headers, payload, checksum of the whole."""
    body = json.dumps(payload).encode()
    told = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(_header(name, value) for name, value in told.items())
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + body
    return message + struct.pack(">I", crc32(message))


def _header(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", STRING, len(value)) + value.encode()
