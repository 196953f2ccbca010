"""The outermost middleware: gives every request its id, then says in one line and in the metrics how it went."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.functional import LazyObject

from nexod.kernel import scope
from nexod.observability import metrics

HEADER = "X-Request-ID"
PROBES = ("/health", "/ready", "/metrics")
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}\Z")
_GROUP = re.compile(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)")
logger = logging.getLogger("nexod.request")


class RequestIdMiddleware:
    """Accepts a sane inbound X-Request-ID, else makes one; echoes it; logs and counts the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on with its id in the scope."""
        started = time.perf_counter()
        with scope.bound(scope.request_id, identify(request)):
            return _finish(request, self.get_response(request), started)


def identify(request: HttpRequest) -> str:
    """Return the request's id, its own when that is sane, and keep it on the request."""
    given = request.headers.get(HEADER, "")
    request.request_id = given if _SANE.match(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
    return cast(str, request.request_id)  # type: ignore[attr-defined]


def route_of(request: HttpRequest) -> str:
    """Return the template of the path that answered (``/api/v1/runs/<uuid:id>``), so that logs and metrics stay bounded."""
    if request.path in PROBES:
        return request.path
    match = request.resolver_match
    if match is None:
        return "(none)"
    return "/" + _GROUP.sub(r"\1", match.route).replace("^", "").replace("$", "").replace("\\Z", "").replace("\\.", ".")


def _finish(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    response[HEADER] = scope.request_id.get()
    if isinstance(response, StreamingHttpResponse):
        _tell_after_stream(request, response, started)
    else:
        _tell(request, response.status_code, started)
    return response


def _tell_after_stream(request: HttpRequest, response: StreamingHttpResponse, started: float) -> None:
    """Tell when the last byte left or the client went away; the stream outlives the middleware and its scope."""
    request_id = scope.request_id.get()

    def tell() -> None:
        with scope.bound(scope.request_id, request_id):
            _tell(request, response.status_code, started, streamed=True)

    if response.is_async:
        response.streaming_content = _then_async(cast(AsyncIterator[bytes], response.streaming_content), tell)
    else:
        response.streaming_content = _then(cast(Iterator[bytes], response.streaming_content), tell)


def _then(content: Iterator[bytes], tell: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from content
    finally:
        tell()


async def _then_async(content: AsyncIterator[bytes], tell: Callable[[], None]) -> AsyncIterator[bytes]:
    try:
        async for part in content:
            yield part
    finally:
        tell()


def _tell(request: HttpRequest, status: int, started: float, *, streamed: bool = False) -> None:
    seconds = time.perf_counter() - started
    route, tenant, method = route_of(request), getattr(request, "tenant", None), request.method or ""
    metrics.observe_request(method, route, status, seconds, tenant=str(tenant.pk) if tenant else "", streamed=streamed)
    facts: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "tenant": tenant.schema_name if tenant else "",
        "user": _user_of(request),
        **({"streamed": True} if streamed else {}),
    }
    match = request.resolver_match
    run = str(match.kwargs.get("run_id", "")) if match else ""
    logger.log(_level(request, status), "request", extra=facts | ({"run": run} if run else {}))


def _level(request: HttpRequest, status: int) -> int:
    if status >= 500:
        return logging.ERROR if request.path not in PROBES else logging.WARNING
    return logging.DEBUG if request.path in PROBES else logging.INFO


def _user_of(request: HttpRequest) -> str:
    """Return the id of the user that somebody already looked up; asking now would query outside the tenant."""
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):
        user = request.__dict__.get("_cached_user") or request.__dict__.get("_acached_user")
    return str(user.pk) if user is not None and user.pk is not None else ""
