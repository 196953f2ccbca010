"""What a provider answers when it does not answer: status, reason and patience, read once for all of them."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from math import isfinite
from time import time
from typing import Any

import httpx

LONGEST_READ = 64 * 1024


class ProviderRefused(Exception):
    """The provider answered with an HTTP error. ``code`` is its own name for it, ``words`` what it says to people."""

    def __init__(self, status: int, words: str = "", code: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.words, self.code, self.retry_after_s = status, words, code, retry_after_s


def raise_for_refusal(response: httpx.Response) -> None:
    """Be an httpx response hook: raise ProviderRefused for whatever is no success, redirects included."""
    if response.status_code < 300:
        return
    words, code = _said(_beginning(response))
    code = code or response.headers.get("x-amzn-errortype", "").partition(":")[0]
    raise ProviderRefused(response.status_code, words, code, _patience(response.headers))


def _beginning(response: httpx.Response) -> bytes:
    read = b""
    for part in response.iter_bytes():
        read += part
        if len(read) > LONGEST_READ:
            break
    return read


def _said(body: bytes) -> tuple[str, str]:
    """Return the words and the code in an error's body, in any of the providers' shapes."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace"), ""
    if isinstance(told, list):
        told = told[0] if told else {}
    inner = told.get("error", told) if isinstance(told, dict) else told
    if not isinstance(inner, dict):
        return str(inner), ""
    words = inner.get("message") or inner.get("Message") or inner.get("detail") or ""
    code = inner.get("code") if isinstance(inner.get("code"), str) else inner.get("status") or inner.get("type")
    return words if isinstance(words, str) else json.dumps(words), str(code or "")


def _patience(headers: httpx.Headers) -> float | None:
    """Read ``Retry-After``, seconds or an HTTP date (RFC 9110, 10.2.3), or ``retry-after-ms``, which OpenAI and Azure send."""
    try:
        if "retry-after-ms" in headers:
            return _seconds(float(headers["retry-after-ms"]) / 1000)
        return _seconds(float(headers.get("retry-after", "")))
    except ValueError:
        pass
    try:
        return _seconds(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time())
    except (ValueError, OverflowError):
        return None


def _seconds(asked: float) -> float | None:
    """Return a time that can be waited and stored: ``float`` reads "inf" and "nan", too."""
    return max(0.0, asked) if isfinite(asked) else None
