"""``GET /api/v1/runs/{id}/events``: a run's events as JSON, or as they happen (``Accept: text/event-stream``).

A plain asynchronous view: REST framework's content negotiation would answer 406 to an EventSource.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from nexod.http import streams, throttling
from nexod.http.errors import MethodNotAllowed, answer, as_nexod_error, unforeseen
from nexod.kernel.errors import InvalidInput, NexodError, NotAuthenticated
from nexod.kernel.hub import Message
from tenants.accounts.authentication import identify
from tenants.accounts.models import ApiKey, User
from tenants.context import in_tenant, release_connections
from tenants.entry.absence import watching
from tenants.models import Tenant
from workflows import live
from workflows.models import Run

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 2_000
HEARTBEAT = b": heartbeat\n\n"
USUAL_LIMIT, LARGEST_LIMIT = 200, 1_000
SEQ_LIMIT = 2**31 - 1


async def run_events(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Answer with a page of events, or with a stream that ends with the run; errors are the API's envelope."""
    try:
        return await _answer(request, run_id)
    except Exception as error:  # noqa: BLE001 - the envelope, whatever it is; the unforeseen is logged and reported
        return answer(as_nexod_error(error) or unforeseen(request))


async def _answer(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed
    # The host was looked up in this request's own thread: held on to while the hops below take a connection of their own,
    # as many requests as there are connections would wait for each other; and a stream would keep it for as long as it lasts.
    await sync_to_async(release_connections)()
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    is_stream = MEDIA_TYPE in request.headers.get("Accept", "")
    after = _after(request, is_stream=is_stream)
    run, person = await in_tenant(tenant, _counted, request, run_id)
    if not is_stream:
        return await in_tenant(tenant, _page, request, run, after)
    if run.is_over and run.last_seq <= after:
        return HttpResponse(status=204)  # tells an EventSource that there is nothing to reconnect for
    watch = Watch(request, run.pk)
    await in_tenant(tenant, watch.hold, person)
    return _stream(watch, tenant, run, after)


class Watch:
    """A stream that is counted as one of its person's while it is open. All of it is for use inside the tenant."""

    def __init__(self, request: HttpRequest, run_id: UUID) -> None:
        self.request, self.run_id, self.id, self.person = request, run_id, uuid4().hex, ""

    def admit(self) -> None:
        """Raise NotAuthenticated, ScopeMissing, PermissionDenied, NotFound or TooManyStreams."""
        user, key = _caller(self.request)
        live.admit(user, key, self.run_id)
        self.hold(str(user.pk))

    def hold(self, person: str) -> None:
        """Count it; raise TooManyStreams."""
        streams.hold(person, self.id)
        self.person = person

    def end(self) -> None:
        """Stop counting."""
        streams.let_go(self.person, self.id)


def _counted(request: HttpRequest, run_id: UUID) -> tuple[Run, str]:
    """Count the request, whoever asks, and return the run and the person's id; raise RateLimited or what ``live.admit`` raises."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        user, key = _caller(request)
    except NotAuthenticated:
        throttling.count("address", address)
        raise
    throttling.count(*throttling.caller(user, key, address))
    return live.admit(user, key, run_id), str(user.pk)


def _caller(request: HttpRequest) -> tuple[User, ApiKey | None]:
    return identify(
        authorization=request.headers.get("Authorization", ""),
        session_key=request.COOKIES.get(settings.SESSION_COOKIE_NAME),
        address=str(request.META.get("REMOTE_ADDR", "")),
    )


def _page(request: HttpRequest, run: Run, after: int) -> JsonResponse:
    limit = min(_number(request.GET.get("limit") or str(USUAL_LIMIT), "limit"), LARGEST_LIMIT) or 1
    found = live.events_after(run.pk, after, limit + 1)
    page = found[:limit]
    following = None
    if len(found) > limit:
        query = request.GET.copy()
        query["after"] = str(page[-1]["seq"])
        following = f"{request.path}?{query.urlencode()}"
    return JsonResponse({"results": page, "next": following, "previous": None})


def _stream(watch: Watch, tenant: Tenant, run: Run, after: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_frames(watch, tenant, run, after), content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would keep the events back
    return response


async def _frames(watch: Watch, tenant: Tenant, run: Run, after: int) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    try:
        async with watching(tenant):
            async for page in live.follow(tenant, run.pk, after=after, kind="sse", still=watch.admit):
                yield b"".join(map(frame, page)) or HEARTBEAT
    except NexodError as error:
        yield f"event: error\ndata: {json.dumps(error.as_dict())}\n\n".encode()
    finally:
        await asyncio.shield(in_tenant(tenant, watch.end))


def frame(message: Message) -> bytes:
    """Return the message as the stream carries it."""
    return f"id: {message['seq']}\nevent: {message['type']}\ndata: {message.text}\n\n".encode()


def _after(request: HttpRequest, *, is_stream: bool) -> int:
    """A browser that reconnects repeats its first URL, so what it saw last counts more than what the URL says."""
    last_seen = request.headers.get("Last-Event-ID") if is_stream else None
    return _number(last_seen or request.GET.get("after") or "0", "after")


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= SEQ_LIMIT):
        raise InvalidInput("That is not a number of an event.", details=[{"field": field, "message": "is not valid"}])
    return int(text)
