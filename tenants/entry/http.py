"""The HTTP door: the host decides the tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import set_urlconf

from nexod.kernel import scope
from nexod.kernel.errors import NexodError
from tenants.backend.replica import visit
from tenants.context import Place, TenantSuspended, TenantUnknown, enter_platform, enter_tenant
from tenants.entry.claims import require_no_choice, require_one_host
from tenants.entry.hosts import place_of

TITLES = {TenantSuspended: "This workspace is suspended", TenantUnknown: "There is no such workspace"}


def tenant_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Put ``request.tenant`` (None on the platform plane) and the place around the rest of the middlewares and the view."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            place = _place(request)
        except NexodError as error:
            return _page(error) if _is_for_people(request) else refusal(error)
        with _entered(request, place):
            return get_response(request)

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


def _is_for_people(request: HttpRequest) -> bool:
    """Say whether a browser shows the answer; programs, which ask for JSON or for anything, get the API's envelope."""
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def _page(error: NexodError) -> HttpResponse:
    """Return a page that says why there is nothing here. It stands alone: no tenant was entered."""
    context = {"title": TITLES.get(type(error), "This does not work"), "text": error.message, "is_alone": True}
    page = HttpResponse(render_to_string("nexod/stop.html", context), status=error.status)
    page["Cache-Control"], page["Referrer-Policy"] = "no-store", "no-referrer"
    page["Content-Length"] = str(len(page.content))
    return page


def refusal(error: NexodError) -> JsonResponse:
    """Return the error in the API's envelope."""
    body = {"error": {**error.as_dict(), "request_id": scope.request_id.get()}}
    response = JsonResponse(body, status=error.status)
    response["Content-Length"] = str(len(response.content))  # the middleware that does so stands further inside
    return response
