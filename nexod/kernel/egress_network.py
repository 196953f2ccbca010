"""The network beneath the egress clients: resolve once, check, connect to the checked address and never resolve again.

TLS still verifies the host's name, which httpcore keeps apart from the address that is connected to.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import httpcore

from nexod.kernel.addresses import checked

PATIENCE_S = 0.5
"""How long reads go on before ``while_waiting`` is called, whether the other side is silent or sends a byte now and then."""


class CheckedBackend(httpcore.SyncBackend):
    """Connects to checked addresses only; calls ``while_waiting`` while a read takes its time."""

    def __init__(self, while_waiting: Callable[[], None] | None = None) -> None:
        self._while_waiting = while_waiting

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that accepts."""
        stream = self._connect_first(resolved(host, port), port, timeout, local_address, socket_options)
        return stream if self._while_waiting is None else _PatientStream(stream, self._while_waiting)

    def _connect_first(self, addresses: list[str], port: int, timeout: float | None, *more: Any) -> Any:
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, timeout, *more)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return super().connect_tcp(addresses[-1], port, timeout, *more)

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """Refuse."""
        raise httpcore.ConnectError("Unix sockets are not called from here.")


class CheckedAsyncBackend(httpcore.AnyIOBackend):
    """The asynchronous twin of CheckedBackend."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first checked address that accepts."""
        addresses = await anyio.to_thread.run_sync(resolved, host, port)
        for address in addresses[:-1]:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await super().connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """Refuse."""
        raise httpcore.ConnectError("Unix sockets are not called from here.")


class _PatientStream(httpcore.NetworkStream):
    """Reads in short waits, so that the caller can give up while the other side is silent, or says little at a time."""

    def __init__(self, inner: httpcore.NetworkStream, while_waiting: Callable[[], None]) -> None:
        self._inner, self._while_waiting = inner, while_waiting
        self._asked = time.monotonic()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                found = self._inner.read(max_bytes, max(0.001, min(PATIENCE_S, left)))
            except httpcore.ReadTimeout:
                if left <= PATIENCE_S:
                    raise
                self._ask()
            else:
                if time.monotonic() - self._asked >= PATIENCE_S:
                    self._ask()
                return found

    def _ask(self) -> None:
        self._asked = time.monotonic()
        self._while_waiting()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _PatientStream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._while_waiting)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def resolved(host: str, port: int) -> list[str]:
    """Return the checked addresses of ``host``, never empty; raise ConnectError or AddressRefused."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"The host {host} cannot be resolved.") from error
    addresses = checked(host, port, (str(answer[4][0]) for answer in answers))
    if not addresses:
        raise httpcore.ConnectError(f"The host {host} has no address.")
    return addresses
