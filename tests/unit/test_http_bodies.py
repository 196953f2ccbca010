"""What is read is bounded, strict and storable."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from nexod.http.bodies import DEPTH_LIMIT, JSON_LIMIT_BYTES, ORDINARY_LIMIT_BYTES, BoundedBody, BoundedJSONParser
from nexod.http.errors import Malformed
from nexod.kernel.errors import InvalidInput, TooLarge


def parse(body: bytes) -> Any:
    return BoundedJSONParser().parse(io.BytesIO(body))


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "ü €"]}, [], "text", 7])
def test_json_is_read(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b"[Infinity]", b'"\xff"', b"[1,]"])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)


def test_a_body_over_the_limit_is_too_large() -> None:
    assert parse(b'"' + b"x" * (JSON_LIMIT_BYTES - 2) + b'"')
    with pytest.raises(TooLarge):
        parse(b'"' + b"x" * JSON_LIMIT_BYTES + b'"')


def test_depth_is_bounded() -> None:
    assert parse(nested(DEPTH_LIMIT))
    assert parse(b"[" * DEPTH_LIMIT + b"1" + b"]" * DEPTH_LIMIT)
    assert parse(b"[" + b",".join([b"[]"] * 5000) + b"]")
    for depth in (DEPTH_LIMIT + 1, 500, 100_000):
        with pytest.raises(InvalidInput, match="nested deeper"):
            parse(nested(depth))


@pytest.mark.parametrize("body", [rb'{"a": "x\u0000"}', rb'[["\ud800"]]', rb'{"\u0000": 1}'])
def test_what_postgresql_cannot_store_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be stored"):
        parse(body)


@pytest.mark.parametrize("body", [rb'"\u00fc"', rb'"\ud83d\ude00"', rb'"\\u0000"'])
def test_other_escapes_are_fine(body: bytes) -> None:
    assert parse(body) == json.loads(body)


class Reader:
    """An application that reads a body like Django does, then answers its length."""

    def __init__(self) -> None:
        self.asked = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked, length = True, 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(length).encode()})


def send_through(
    parts: list[bytes],
    headers: list[tuple[bytes, bytes]],
    reader: Reader,
    *,
    path: str = "/api/v1/documents",
    limit_bytes: int = 10,
) -> tuple[int, bytes]:
    left, sent = list(parts), []

    async def receive() -> dict[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(BoundedBody(reader, limit_bytes=limit_bytes)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_body_within_the_limit_passes() -> None:
    assert send_through([b"12345", b"67890"], [(b"content-length", b"10")], Reader()) == (200, b"10")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/documents", 200), ("/api/v1/runs", 413), ("/admin/login/", 413), ("/api/v1/documents/x", 413)],
)
def test_only_uploads_may_be_large(path: str, status: int) -> None:
    size = str(ORDINARY_LIMIT_BYTES + 1).encode()
    headers = [(b"content-length", size)]
    assert send_through([b"x"], headers, Reader(), path=path, limit_bytes=10**9)[0] == status


def test_an_announced_giant_is_refused_unread() -> None:
    reader = Reader()
    status, body = send_through([b"x"], [(b"content-length", b"50000000")], reader)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"
    assert not reader.asked


def test_an_unannounced_giant_is_stopped() -> None:
    status, body = send_through([b"12345", b"67890", b"1", b"never read"], [], Reader())
    assert status == 413
    assert json.loads(body)["error"]["details"] == {"limit_bytes": 10}
