"""The HTTP door: the host decides the tenant, for synchronous and asynchronous views alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import set_urlconf
from django.utils.decorators import sync_and_async_middleware

from nexod.kernel import scope
from nexod.kernel.errors import NexodError
from tenants.backend.replica import visit
from tenants.context import Place, TenantUnknown, enter_platform, enter_tenant
from tenants.entry.claims import require_no_choice, require_one_host
from tenants.entry.hosts import place_of


@sync_and_async_middleware
def tenant_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Put ``request.tenant`` (None on the platform plane) and the place around the rest of the stack."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            try:
                place = await sync_to_async(_place)(request)
            except NexodError as error:
                return refusal(error)
            with _entered(request, place):
                response: HttpResponseBase = await get_response(request)
            return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            place = _place(request)
        except NexodError as error:
            return refusal(error)
        with _entered(request, place):
            response: HttpResponseBase = get_response(request)
        return response

    return answer


def _place(request: HttpRequest) -> Place:
    place = place_of(_host(request))
    if place.tenant is not None:
        require_no_choice(parameters=request.GET, headers=request.headers)
    return place


def _host(request: HttpRequest) -> str:
    """A host that ALLOWED_HOSTS does not know leads nowhere, like one that nobody has."""
    require_one_host(request.META.get("HTTP_HOST"))
    try:
        return request.get_host()
    except DisallowedHost as error:
        raise TenantUnknown from error


@contextmanager
def _entered(request: HttpRequest, place: Place) -> Iterator[None]:
    request.tenant = place.tenant  # type: ignore[attr-defined]
    request.urlconf = settings.ROOT_URLCONF if place.tenant else settings.PUBLIC_SCHEMA_URLCONF
    set_urlconf(request.urlconf)
    with visit(), enter_tenant(place.tenant) if place.tenant else enter_platform():
        yield


def refusal(error: NexodError) -> JsonResponse:
    """Return the error in the API's envelope."""
    body = {"error": {**error.as_dict(), "request_id": scope.request_id.get()}}
    response = JsonResponse(body, status=error.status)
    response["Content-Length"] = str(len(response.content))  # the middleware that does so stands further inside
    return response
