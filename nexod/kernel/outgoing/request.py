"""A request as it is sent, and what an answer, or none, means for whether it happened. Needs httpx: for workers only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx

from nexod.kernel.egress import ResponseTooLarge, http_client
from nexod.kernel.errors import AddressRefused, NexodError
from nexod.kernel.outgoing import headers as allowed
from nexod.kernel.outgoing.carried import NOTHING, Carried
from nexod.kernel.outgoing.errors import (
    HttpBusy,
    HttpFailed,
    HttpRefused,
    HttpRequestInvalid,
    HttpTimedOut,
    HttpUnavailable,
    HttpUnusable,
)
from nexod.kernel.run_port import NotPerformed, Unusable, check_cancelled

Json = dict[str, Any]

CONNECT_S = 10.0
EXCERPT = 500
UNAUTHORIZED = 401
# Nothing was sent: no connection, or nothing that could be written to one.
UNSENT = (
    AddressRefused, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)  # fmt: skip


def prepared(
    method: str, url: str, *, query: Mapping[str, str], headers: Mapping[str, str], body: tuple[str, Any] | None
) -> httpx.Request:
    """Return the request; raise HttpRequestInvalid for an address or a header that cannot be sent."""
    options: dict[str, Any] = {"headers": {"User-Agent": "Nexod", "Accept-Encoding": "identity", **headers}}
    if body is not None:
        media_type, content = body
        options["content"] = json.dumps(content).encode() if media_type == "json" else content.encode()
        media_type = "application/json" if media_type == "json" else f"{media_type}; charset=utf-8"
        options["headers"] = {"Content-Type": media_type, **options["headers"]}
    try:
        request = httpx.Request(method, _address(url).copy_merge_params(query), **options)
    except (ValueError, TypeError, httpx.InvalidURL) as error:
        raise HttpRequestInvalid(f"The request cannot be sent: {error}") from error
    for name, value in request.headers.items():
        if not value.isprintable():
            raise HttpRequestInvalid(f"The header {name} has characters that cannot be sent.")
    return request


def send(request: httpx.Request, config: Json, key: str, *, carrying: Iterable[Carried] = (NOTHING,)) -> Json:
    """Return ``{"status", "headers", "body", "json"}``; ``key`` goes along as Idempotency-Key.

    ``carrying`` is what the request carries that nobody may read; where that is refused (401), the next is tried. What comes
    back, errors too, is without it. Raises NotPerformed where it certainly did not happen, Unusable where it did and the
    answer is of no use, and HttpFailed where nobody knows.
    """
    if key:
        request.headers.setdefault(allowed.IDEMPOTENCY_KEY, key)
    refusal: NotPerformed | None = None
    for carried in carrying:
        try:
            return _sent(carried.put_into(request), config, carried)
        except NotPerformed as refused:
            if not is_unauthorized(refused.reason):
                raise
            refusal = refused
    assert refusal is not None
    raise refusal


def is_unauthorized(reason: NexodError) -> bool:
    """Say whether the other side refused the request for what it carries, or does not."""
    details = reason.details
    return isinstance(details, Mapping) and details.get("status") == UNAUTHORIZED


def _sent(request: httpx.Request, config: Json, carried: Carried) -> Json:
    timeout_s = float(config.get("timeout_s", 30))
    status: list[int] = []
    try:
        return _answer(request, config, _patience(timeout_s), status, timeout_s, carried)
    except UNSENT as error:
        raise NotPerformed(_unsent(error, request, carried)) from error
    except ResponseTooLarge as error:
        raise _unusable(status, request, error.message) from error
    except httpx.TimeoutException as error:
        raise HttpTimedOut(f"{request.url.host} did not answer within {timeout_s:g} s.") from error
    except httpx.TransportError as error:
        raise HttpFailed(f"{request.url.host} broke the connection off before it had answered.") from error


def _address(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise HttpRequestInvalid(f"The address is not valid: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise HttpRequestInvalid("The address has to begin with https:// or http:// and a host.")
    if parsed.userinfo:
        raise HttpRequestInvalid("The address must not contain a user name or a password.")
    return parsed


def _patience(timeout_s: float) -> Callable[[], None]:
    """Return what is asked while an answer is awaited: it raises when nobody waits any more, or the time is over."""
    ends_at = time.monotonic() + timeout_s

    def wanted() -> None:
        check_cancelled()
        if time.monotonic() > ends_at:
            raise HttpTimedOut(f"There was no whole answer within {timeout_s:g} s.")

    return wanted


def _answer(
    request: httpx.Request,
    config: Json,
    wanted: Callable[[], None],
    status: list[int],
    timeout_s: float,
    carried: Carried,
) -> Json:
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    request.extensions["timeout"] = timeout.as_dict()
    limit = config.get("max_bytes", 1_000_000)
    # A client of its own: what one tenant's request opened serves no other's.
    with http_client(max_bytes=limit, while_waiting=wanted) as client:
        response = client.send(request, stream=True)
        status.append(response.status_code)
        try:
            parts = []
            for part in response.iter_raw():
                wanted()
                parts.append(part)
        finally:
            response.close()
    text = b"".join(parts).decode(response.charset_encoding or "utf-8", "replace")
    _require_expected(response, config, text, carried)
    return _read(response, config, text, carried)


def _require_expected(response: httpx.Response, config: Json, text: str, carried: Carried) -> None:
    expected = config.get("expect") or range(200, 300)
    status = response.status_code
    if status in expected:
        return
    details: dict[str, Any] = {"status": status, "body": carried.hidden_in(text)[:EXCERPT]}
    if (wait := response.headers.get("retry-after", "")).isdecimal():
        details["retry_after_s"] = int(wait)
    message = f"{response.url.host} answered {status} {carried.hidden_in(response.reason_phrase)}".rstrip() + "."
    if status >= 500:
        raise (HttpUnavailable if status == 503 else HttpFailed)(message, details=details)
    if status < 300:
        raise Unusable(HttpUnusable(message, details=details))
    if status < 400:
        message += " Redirects are not followed; call the address that it leads to."
    raise NotPerformed((HttpBusy if status == 429 else HttpRefused)(message, details=details))


def _read(response: httpx.Response, config: Json, text: str, carried: Carried) -> Json:
    """Return the answer as later steps see it."""
    # Hidden before anything is cut: a cut through a secret would leave a part of it.
    headers = allowed.kept({name: carried.hidden_in(value) for name, value in response.headers.items()})
    answer = {"status": response.status_code, "headers": headers, "body": "", "json": None}
    wanted = config.get("response", "auto")
    is_json = "json" in response.headers.get("content-type", "").partition(";")[0].lower()
    if wanted == "text" or (wanted == "auto" and not is_json):
        return {**answer, "body": carried.hidden_in(text)}
    if not text.strip():
        return answer
    try:
        return {**answer, "json": carried.hidden_in(json.loads(text))}
    except (ValueError, RecursionError) as error:
        if wanted == "auto":
            return {**answer, "body": carried.hidden_in(text)}
        raise _unusable([response.status_code], response.request, f"Its answer is not JSON: {error}") from error


def _unsent(error: Exception, request: httpx.Request, carried: Carried) -> NexodError:
    if isinstance(error, NexodError):
        return error
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return HttpUnavailable(f"{request.url.host} cannot be reached.")
    return HttpRequestInvalid(f"The request cannot be sent: {carried.hidden_in(str(error))}")


def _unusable(status: list[int], request: httpx.Request, why: str) -> Exception:
    """A success whose answer is of no use happened; of a failure that is too long to be read nobody knows more."""
    message = f"{request.url.host} answered {status[0] if status else 'something'}. {why}"
    if status and status[0] < 300:
        return Unusable(HttpUnusable(message, details={"status": status[0]}))
    if status and 300 <= status[0] < 500:
        return NotPerformed(HttpRefused(message, details={"status": status[0]}))
    return HttpFailed(message, details={"status": status[0] if status else 0})
