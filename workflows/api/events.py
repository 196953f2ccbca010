"""``GET /api/v1/runs/{id}/events``: a run's events as JSON, or as they happen (``Accept: text/event-stream``).

A plain view: REST framework's content negotiation would answer 406 to an EventSource. Its stream is asynchronous.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from nexod.http import streams, throttling
from nexod.http.errors import MethodNotAllowed, answer, as_nexod_error, unforeseen
from nexod.kernel import scope
from nexod.kernel.errors import InvalidInput, NexodError, NotAuthenticated
from nexod.kernel.hub import Message
from tenants.accounts.authentication import identify
from tenants.accounts.models import ApiKey, User
from tenants.accounts.standing import Badge, badge
from tenants.context import current_tenant, in_tenant
from tenants.entry.absence import watching
from tenants.entry.porter import looked_after
from tenants.models import Tenant
from workflows import live
from workflows.models import Run

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 2_000
HEARTBEAT = b": heartbeat\n\n"
USUAL_LIMIT, LARGEST_LIMIT = 200, 1_000
SEQ_LIMIT = 2**31 - 1
PART_BYTES = 32_768


def run_events(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Answer with a page of events, or with a stream that ends with the run; errors are the API's envelope."""
    try:
        return _answer(request, run_id)
    except Exception as error:  # noqa: BLE001 - the envelope, whatever it is; the unforeseen is logged and reported
        return answer(as_nexod_error(error) or unforeseen(request))


def _answer(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed
    is_stream = MEDIA_TYPE in request.headers.get("Accept", "")
    after = _after(request, is_stream=is_stream)
    watch = Watch(request, run_id)
    run = _counted(watch)
    if not is_stream:
        return _page(request, run, after)
    if run.is_over and run.last_seq <= after:
        return HttpResponse(status=204)  # tells an EventSource that there is nothing to reconnect for
    watch.hold(watch.badge.user)
    return stream(watch, current_tenant(), run.pk, after)


class Watch:
    """A stream that is counted as one of its person's while it is open. All of it is for use inside the tenant.

    ``run_id`` may be told later, when there is a run.
    """

    def __init__(self, request: HttpRequest, run_id: UUID | str = "") -> None:
        self.request, self.run_id, self.id, self.person = request, run_id, uuid4().hex, ""
        self.badge, self.name = Badge(""), ""
        self.asides = live.asides(request.GET)

    def recognise(self, user: User, key: ApiKey | None) -> None:
        """Know as whom the caller came in: who stays longer than a second is looked at anew then."""
        self.badge = badge(user, key, self.request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        self.name = str(user)

    def wants(self, message: Message) -> bool:
        """Say whether it is an event, or something beside events that was asked for."""
        return "seq" in message or message["type"] in self.asides

    def attends(self) -> tuple[str, str] | None:
        """Return the person whom others see watching: who came with a session, and a program that asks who watches."""
        return (self.badge.user, self.name) if self.badge.session or "viewers" in self.asides else None

    def admit(self) -> None:
        """Raise NotAuthenticated, ScopeMissing, PermissionDenied, NotFound or TooManyStreams."""
        user, key = _caller(self.request)
        self.recognise(user, key)
        live.admit(user, key, self.run_id)
        self.hold(str(user.pk))

    def hold(self, person: str) -> None:
        """Count it; raise TooManyStreams."""
        streams.hold(person, self.id)
        self.person = person

    def end(self) -> None:
        """Stop counting."""
        streams.let_go(self.person, self.id)


def _counted(watch: Watch) -> Run:
    """Count the request, whoever asks, and return the run; raise RateLimited or what ``live.admit`` raises."""
    request = watch.request
    address = str(request.META.get("REMOTE_ADDR", ""))
    try:
        user, key = _caller(request)
    except NotAuthenticated:
        throttling.count("address", address)
        raise
    throttling.count(*throttling.caller(user, key, address))
    watch.recognise(user, key)
    return live.admit(user, key, watch.run_id)


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


def stream(watch: Watch, tenant: Tenant, run_id: UUID, after: int = 0) -> StreamingHttpResponse:
    """Answer with the run's events beyond ``after``, as they happen, to who was admitted and is counted by ``watch``."""
    response = StreamingHttpResponse(_frames(watch, tenant, run_id, after), content_type=MEDIA_TYPE)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would keep the events back
    return response


async def _frames(watch: Watch, tenant: Tenant, run_id: UUID, after: int) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    try:
        async with watching(tenant):
            if not watch.badge.user:
                await in_tenant(tenant, watch.admit)
            async with looked_after(tenant, watch.badge, "", watch.admit) as visit:
                pages = live.follow(tenant, run_id, after=after, kind="sse", watcher=watch.attends())
                async for page in pages:
                    for part in parts([message for message in page if watch.wants(message)]):
                        yield part
                        visit.moves()
    except NexodError as error:
        yield f"event: error\ndata: {json.dumps(error.as_dict())}\n\n".encode()
    finally:
        with scope.bound(scope.tenant, tenant.schema_name):
            streams.let_go_soon(watch.person, watch.id)


def parts(messages: Sequence[Message]) -> Iterator[bytes]:
    """Yield the messages as the stream carries them, in pieces that a client takes one after the other; a comment for none."""
    part = bytearray()
    for message in messages:
        part += message.frame
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part or not messages:
        yield bytes(part) or HEARTBEAT


def _after(request: HttpRequest, *, is_stream: bool) -> int:
    """A browser that reconnects repeats its first URL, so what it saw last counts more than what the URL says."""
    last_seen = request.headers.get("Last-Event-ID") if is_stream else None
    return _number(last_seen or request.GET.get("after") or "0", "after")


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= SEQ_LIMIT):
        raise InvalidInput("That is not a number of an event.", details=[{"field": field, "message": "is not valid"}])
    return int(text)
