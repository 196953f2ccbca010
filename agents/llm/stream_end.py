"""Reads a stream to its very end, so that its connection serves the next call: openai stops at the end mark.

Without this every call to a model opens a connection, TLS handshake included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import httpx

END_MARK = b"[DONE]"


def read_to_the_end(response: httpx.Response) -> None:
    """Be an httpx response hook."""
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _Whole(response.stream)


class _Whole(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream) -> None:
        self._inner = inner
        self._parts = iter(inner)
        self._last = b""

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self._last = part
            yield part

    def close(self) -> None:
        """Take what follows the end mark; a stream that was left earlier is broken off."""
        if self._last.rstrip().endswith(END_MARK):
            with suppress(httpx.HTTPError):
                for _ in self._parts:
                    pass
        self._inner.close()
