"""The HTTP door: the host decides the tenant, for synchronous and asynchronous views alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import set_urlconf

from nexod.kernel import scope
from nexod.kernel.errors import NexodError
from tenants.context import Place, enter_platform, enter_tenant
from tenants.entry.hosts import place_of

Next = Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]]


class TenantMiddleware:
    """Puts ``request.tenant`` (None on the platform plane) and the place around the rest of the stack."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if iscoroutinefunction(self):
            return self._answer_async(request)
        try:
            place = place_of(request.get_host())
        except NexodError as error:
            return refusal(error)
        with _entered(request, place):
            return self.get_response(request)  # type: ignore[return-value]

    async def _answer_async(self, request: HttpRequest) -> HttpResponse:
        try:
            place = await sync_to_async(place_of)(request.get_host())
        except NexodError as error:
            return refusal(error)
        with _entered(request, place):
            return await self.get_response(request)  # type: ignore[misc]


def _entered(request: HttpRequest, place: Place):  # type: ignore[no-untyped-def]
    request.tenant = place.tenant  # type: ignore[attr-defined]
    request.urlconf = settings.ROOT_URLCONF if place.tenant else settings.PUBLIC_SCHEMA_URLCONF
    set_urlconf(request.urlconf)
    return enter_tenant(place.tenant) if place.tenant else enter_platform()


def refusal(error: NexodError) -> JsonResponse:
    """Return the error in the API's envelope."""
    body = {"error": {**error.as_dict(), "request_id": scope.request_id.get()}}
    return JsonResponse(body, status=error.status)
