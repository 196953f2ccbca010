"""Bounds on what is read: the ASGI wrapper that stops a body too large before Django spools it, and a bounded JSON parser."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser

from nexod.http.errors import Malformed, envelope
from nexod.kernel.errors import InvalidInput, TooLarge

JSON_LIMIT_BYTES = 1024 * 1024
ORDINARY_LIMIT_BYTES = 4 * 1024 * 1024
UPLOADS = re.compile(r"/api/v1/documents/?\Z|/admin/agents/knowledgebase/[0-9a-f-]{36}/upload/\Z")
DEPTH_LIMIT = 64

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class BoundedBody:
    """Answers 413 in the envelope to a body over the path's limit, whether it was announced or not.

    Where files are uploaded that is ``limit_bytes``; anywhere else ORDINARY_LIMIT_BYTES, since strangers may send there too.
    """

    def __init__(self, app: Application, *, limit_bytes: int) -> None:
        self.app, self.largest = app, limit_bytes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass the request on, counting what it sends."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.largest if UPLOADS.match(scope["path"]) else min(self.largest, ORDINARY_LIMIT_BYTES)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > limit:
            await self._refuse(send, limit)
            return
        meter = _Meter(receive, limit)
        await self.app(scope, meter.receive, send)
        if meter.is_over:
            await self._refuse(send, limit)

    async def _refuse(self, send: Send, limit: int) -> None:
        body = json.dumps(envelope(TooLarge(details={"limit_bytes": limit}))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]}
        await send(start)
        await send({"type": "http.response.body", "body": body})


class _Meter:
    """Counts a body as it arrives. Over the limit the application is told that the client left, so it ends without an answer."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit

    @property
    def is_over(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_over else message


class BoundedJSONParser(BaseParser):
    """Strict JSON of bounded size and depth, without what PostgreSQL cannot store."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raise TooLarge, Malformed or InvalidInput."""
        body = stream.read(JSON_LIMIT_BYTES + 1)
        if len(body) > JSON_LIMIT_BYTES:
            raise TooLarge(details={"limit_bytes": JSON_LIMIT_BYTES})
        try:
            value = json.loads(body, parse_constant=_no_constant)
        except UnicodeDecodeError as error:
            raise Malformed("The body is not UTF-8.") from error
        except RecursionError as error:
            raise InvalidInput(f"The JSON is nested deeper than {DEPTH_LIMIT} levels.") from error
        except ValueError as error:
            raise Malformed(f"The body is not JSON: {error}") from error
        require_storable(value, body)
        return value


def require_storable(value: Any, body: bytes) -> None:
    """Raise InvalidInput for JSON that is too deep, or that holds NUL or half a surrogate pair; cheap for the usual body."""
    suspicious = b"\\u" in body or b"\x00" in body
    if not suspicious and body.count(b"[") + body.count(b"{") <= DEPTH_LIMIT:
        return
    level = [value]
    for _ in range(DEPTH_LIMIT + 1):
        if suspicious:
            _require_text(level)
        if not any(isinstance(item, dict | list) for item in level):
            return
        level = [inner for item in level for inner in _children(item)]
    raise InvalidInput(f"The JSON is nested deeper than {DEPTH_LIMIT} levels.")


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return [*item.keys(), *item.values()]
    return item if isinstance(item, list) else []


def _require_text(level: list[Any]) -> None:
    for item in level:
        if isinstance(item, str) and ("\x00" in item or not _is_encodable(item)):
            raise InvalidInput("A text holds a character that cannot be stored: NUL or half a surrogate pair.")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
