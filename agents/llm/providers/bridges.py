"""Our HTTP client in the place of another: for packages that bring one of their own (httpx2, boto3's urllib3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


def as_httpx2(client: httpx.Client) -> Any:
    """Return an httpx2 client, which is another library than httpx, whose every request ``client`` sends."""
    import httpx2

    class Through(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            answer = _send(client, request.method, str(request.url), request.read(), request.headers.multi_items())
            return httpx2.Response(answer.status_code, headers=answer.headers.multi_items(), stream=_Stream(answer))

    class _Stream(httpx2.SyncByteStream):
        def __init__(self, answer: httpx.Response) -> None:
            self._answer = answer

        def __iter__(self) -> Iterator[bytes]:
            yield from self._answer.iter_raw()

        def close(self) -> None:
            self._answer.close()

    return httpx2.Client(transport=Through(), trust_env=False)


def let_boto_speak_through(client: httpx.Client, boto: Any) -> None:
    """Let ``client`` send what boto has signed: boto3 has no door for an HTTP client, but asks before each sending."""
    from botocore.awsrequest import AWSResponse

    def send(request: Any, **_: Any) -> Any:
        headers = [(name, _text(value)) for name, value in request.headers.items()]
        answer = _send(client, request.method, request.url, request.body, headers)
        return AWSResponse(request.url, answer.status_code, dict(answer.headers), _Raw(answer))

    boto.meta.events.register("before-send.bedrock-runtime", send)


def _send(client: httpx.Client, method: str, url: str, body: Any, headers: list[tuple[str, str]]) -> httpx.Response:
    # The other library asks for compressed answers; ours takes none, because they may grow without bound.
    kept = [(name, value) for name, value in headers if name.lower() not in ("accept-encoding", "transfer-encoding")]
    asked = client.build_request(method, url, content=body, headers=[*kept, ("accept-encoding", "identity")])
    return client.send(asked, stream=True)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Raw:
    """An answer as botocore reads it."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield from self._answer.iter_raw()

    def read(self, *_: Any) -> bytes:
        return b"".join(self._answer.iter_raw())

    def close(self) -> None:
        self._answer.close()
