"""One attempt to deliver to a webhook: one signed POST over the checked way out. It never raises: what went wrong is its result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from collaboration.notifications.attempt import GONE, Attempt
from nexod.kernel import standard_webhooks
from nexod.kernel.egress import http_client
from nexod.kernel.errors import NexodError, Unavailable

TIMEOUT_S = 15.0
EXCERPT = 1_000
AGENT = "Nexod-Webhooks/1"


def send(
    url: str, payload: Any, *, id_: str, secrets: Sequence[str], timestamp: int, more: Mapping[str, str]
) -> Attempt:
    """Send the payload, signed with each secret that is valid; follow no redirects, read little of the answer.

    ``more`` are headers that go along.
    """
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        **more,
        **standard_webhooks.headers(secrets, id_=id_, timestamp=timestamp, body=body),
    }
    began = time.monotonic()
    try:
        with (
            http_client(timeout=httpx.Timeout(TIMEOUT_S, connect=5.0), while_waiting=_patience(began)) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            excerpt = _excerpt(answer)
            wait_s = _seconds(answer.headers.get("retry-after", ""))
            return Attempt(
                answer.status_code, _since(began), excerpt, retry_after_s=wait_s, is_final=answer.status_code == GONE
            )
    except NexodError as error:
        return Attempt(0, _since(began), error=error.message)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return Attempt(0, _since(began), error=f"{type(error).__name__}: {error}"[:300])


class _TooSlow(Unavailable):
    """The answer took too long."""


def _patience(began: float) -> Callable[[], None]:
    """Return what is asked while the answer comes: it raises when its time is over, however slowly it drips."""

    def wanted() -> None:
        if time.monotonic() > began + TIMEOUT_S:
            raise _TooSlow(f"There was no whole answer within {TIMEOUT_S:g} s.")

    return wanted


def _excerpt(answer: httpx.Response) -> str:
    """Read the beginning of the answer; what is cut off or drips has been answered all the same: its status came first."""
    found = b""
    with suppress(NexodError, httpx.TransportError):
        for part in answer.iter_raw():
            found += part
            if len(found) >= EXCERPT:
                break
    return found[:EXCERPT].decode(errors="replace").replace("\0", "\ufffd")


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
