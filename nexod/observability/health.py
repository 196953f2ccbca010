"""``/health`` (this process lives, no I/O), ``/ready`` (what it needs answers) and ``/metrics``, on any host, in no tenant."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from nexod.kernel import scope
from nexod.kernel.errors import NexodError, PermissionDenied
from nexod.observability import readiness, work


class HealthMiddleware:
    """Answers the probes before anything looks at the host: load balancers ask by address, tenants do not matter here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, or pass the request on."""
        probe = PROBES.get(request.path)
        return probe(request) if probe else self.get_response(request)


Probe = Callable[[HttpRequest], HttpResponse]


def health(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return _uncached(JsonResponse({"status": "ok"}))


def ready(request: HttpRequest) -> HttpResponse:
    """Say whether everything that the process needs answers; 503 names what does not."""
    report = readiness.report()
    return _uncached(JsonResponse(report, status=200 if report["status"] == "ok" else 503))


def prometheus(request: HttpRequest) -> HttpResponse:
    """Give the metrics to whoever may read them."""
    try:
        require_scraper(request)
    except NexodError as error:
        return JsonResponse({"error": {**error.as_dict(), "request_id": scope.request_id.get()}}, status=error.status)
    body, media_type = work.page()
    return _uncached(HttpResponse(body, content_type=media_type))


def require_scraper(request: HttpRequest) -> None:
    """Raise PermissionDenied unless the token of NEXOD_METRICS_TOKEN is given or, with none set, the peer is near.

    Near is a loopback or private address without a proxy in between: metrics name every tenant's volume.
    """
    token = getattr(settings, "NEXOD_METRICS_TOKEN", "")
    if token:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            raise PermissionDenied("The metrics need their token.")
        return
    address = request.META.get("REMOTE_ADDR", "")
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers or not _is_near(address):
        raise PermissionDenied("Set NEXOD_METRICS_TOKEN to read the metrics from elsewhere.")


def _is_near(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address == ""  # a Unix socket
    return found.is_loopback or found.is_private


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


PROBES: dict[str, Probe] = {"/health": health, "/ready": ready, "/metrics": prometheus}
