"""``/notifications/stop/<token>``: the page that ends one sort of e-mail, for people who are not logged in and mail programs.

A bare GET changes nothing: mail scanners open every link. A POST does, without a session, as RFC 8058 asks.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from collaboration.actions.preferences import stop_mail
from collaboration.notifications import stopping
from nexod.http.throttling import count
from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tenants.context import current_tenant

HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@csrf_exempt  # the address is what lets its person in, and all that it can do is send less
@require_http_methods(["GET", "HEAD", "POST"])
def stop_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, stop on POST; 404 for a link that was not written here."""
    try:
        count("address", str(request.META.get("REMOTE_ADDR", "")))
        response = _answer(request, token)
    except NexodError as error:
        response = _page(request, {"error": error.message}, error.status)
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    person, event = stopping.read(token)
    user = User.objects.filter(pk=person, is_active=True).first()
    if user is None:
        raise stopping.StopLinkUnknown
    if request.method == "POST":
        stop_mail(user=user, event=event)
    return _page(request, {"what": stopping.title_of(event), "email": user.email, "done": request.method == "POST"})


def _page(request: HttpRequest, facts: dict[str, object], status: int = 200) -> HttpResponse:
    return render(request, "nexod/notifications/stop.html", {"place": current_tenant().name, **facts}, status=status)
