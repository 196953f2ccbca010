"""The only way out: HTTP clients that resolve a host, check every address and connect to exactly what was checked.

Nothing here reads proxies or credentials from the environment. Redirects are off unless asked for, and each is checked.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore
import httpx

from nexod.kernel.egress_network import CheckedAsyncBackend, CheckedBackend, resolved
from nexod.kernel.errors import InvalidInput, Unavailable

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)


class ResponseTooLarge(Unavailable):
    """The other side answered more than is accepted."""

    code, status = "response_too_large", 502


def http_client(
    *, max_bytes: int = MAX_BYTES, while_waiting: Callable[[], None] | None = None, **options: Any
) -> httpx.Client:
    """Return an httpx client that calls public addresses only; raises AddressRefused when used on another.

    ``max_bytes`` bounds each response (ResponseTooLarge). ``while_waiting`` is called about twice a second, in the
    calling thread, while an answer is awaited, and may raise to give up. Other options are httpx's own.
    """
    transport = _Transport(max_bytes, while_waiting)
    return httpx.Client(transport=transport, **_options(options))


def async_http_client(*, max_bytes: int = MAX_BYTES, **options: Any) -> httpx.AsyncClient:
    """Return the asynchronous twin of ``http_client``."""
    return httpx.AsyncClient(transport=_AsyncTransport(max_bytes), **_options(options))


def require_reachable(host: str, port: int) -> None:
    """Raise AddressRefused for an address that may not be called, InvalidInput for a host that has none."""
    try:
        resolved(host, port)
    except httpcore.ConnectError as error:
        raise InvalidInput(str(error)) from error


def _options(given: dict[str, Any]) -> dict[str, Any]:
    headers = httpx.Headers({"Accept-Encoding": "identity"})
    headers.update(given.pop("headers", None))
    # A client may serve many tenants: what one host sets as a cookie for one must not travel with the next.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return {
        "timeout": TIMEOUT,
        "max_redirects": MAX_REDIRECTS,
        "trust_env": False,
        **given,
        "headers": headers,
        "cookies": cookies,
    }


class _Transport(httpx.HTTPTransport):
    def __init__(self, max_bytes: int, while_waiting: Callable[[], None] | None) -> None:
        super().__init__(verify=_tls())
        self._max_bytes = max_bytes
        # httpx has no door for a network backend; the pool is where httpx itself puts it.
        self._pool = httpcore.ConnectionPool(network_backend=CheckedBackend(while_waiting), **_pool_options())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        _refuse_compressed(response)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Bounded(response.stream, self._max_bytes)
        return response


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, max_bytes: int) -> None:
        super().__init__(verify=_tls())
        self._max_bytes = max_bytes
        self._pool = httpcore.AsyncConnectionPool(network_backend=CheckedAsyncBackend(), **_pool_options())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        _refuse_compressed(response)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _AsyncBounded(response.stream, self._max_bytes)
        return response


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _pool_options() -> dict[str, Any]:
    return {
        "ssl_context": _tls(),
        "max_connections": LIMITS.max_connections,
        "max_keepalive_connections": LIMITS.max_keepalive_connections,
        "keepalive_expiry": LIMITS.keepalive_expiry,
    }


def _refuse_compressed(response: httpx.Response) -> None:
    """Refuse what would grow when unpacked; every request asks for an answer that is not compressed."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ResponseTooLarge("The other side answered compressed although it was asked not to.")


def _grown(seen: int, part: bytes, max_bytes: int) -> int:
    if seen + len(part) > max_bytes:
        raise ResponseTooLarge(f"The other side answered more than {max_bytes} bytes.")
    return seen + len(part)


class _Bounded(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, max_bytes: int) -> None:
        self._inner, self._max_bytes = inner, max_bytes

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for part in self._inner:
            seen = _grown(seen, part, self._max_bytes)
            yield part

    def close(self) -> None:
        self._inner.close()


class _AsyncBounded(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, max_bytes: int) -> None:
        self._inner, self._max_bytes = inner, max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._inner:
            seen = _grown(seen, part, self._max_bytes)
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
