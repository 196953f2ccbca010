"""The page of a link: GET shows and asks and writes nothing, however often programs fetch it; only its own form decides.

No log-in lets anything happen here: the address is what lets its person in. So nothing may tell it on: no Referer, no cache, no
script, nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from nexod.http.throttling import count, require_few_refusals
from nexod.kernel import signing
from nexod.kernel.errors import InvalidInput, NexodError, NotFound
from workflows.actions.approvals import decide_approval, note_seen, offered
from workflows.approvals.seen import present_digest
from workflows.links.link import LinkUsed, Opened, note_link_used, opened
from workflows.models import Approval

COOKIE = "nexod-decide"
PURPOSE = "approval-link-form"
BY_ITSELF = ("approve", "happened", "again", "request_changes", "reject", "fail")
"""What is decided with a press and a comment; whoever wants to edit logs in."""
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


class NotAsked(NexodError):
    """Nothing was decided: this page has to be opened in the same browser first. Press again."""

    code, status = "not_asked", 403


@csrf_exempt  # a session changes nothing here; the form carries a token of its own
@require_http_methods(["GET", "HEAD", "POST"])
def approval_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the question, what came of it, or why the link does not work (404, 409, 410, 429)."""
    try:
        response = _answer(request, token)
    except NexodError as error:
        response = _stop(request, error)
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    address = str(request.META.get("REMOTE_ADDR", ""))
    require_few_refusals(address)
    count("link", _short(token))
    try:
        link = opened(token)
    except NotFound:
        count("refused", address)
        raise
    if request.method != "POST":
        return _asking(request, token, link)
    try:
        return _decided(request, token, link)
    except (InvalidInput, NotAsked) as error:
        return _asking(request, token, link, error)


def _decided(request: HttpRequest, token: str, link: Opened) -> HttpResponse:
    """Decide, and write down that it was by the link, in one transaction."""
    _require_asked(request, token, link.approval)
    decision, comment = request.POST.get("decision", ""), request.POST.get("comment", "")
    if decision not in BY_ITSELF:
        raise InvalidInput("Choose one of the answers below.")
    with transaction.atomic():
        note_seen(actor=link.user, approval=link.approval)
        note_link_used(link.approval, link.user)
        found = decide_approval(
            actor=link.user,
            approval=link.approval,
            decision=decision,
            comment=comment,
            digest=present_digest(link.approval),
        )
    context = {"approval": found, "decision": decision, "is_settled": found.status != Approval.Status.PENDING}
    return render(request, "nexod/links/done.html", context)


def _asking(request: HttpRequest, token: str, link: Opened, error: NexodError | None = None) -> HttpResponse:
    """Return the page that asks; after a refusal with the reason and what was written."""
    cookie = request.COOKIES.get(COOKIE) or secrets.token_urlsafe(16)
    choices = [decision for decision in BY_ITSELF if decision in offered(link.approval)]
    context = {
        "approval": link.approval,
        "person": link.user,
        "choices": choices,
        "asked": _form_token(token, link.approval, cookie),
        "comment": request.POST.get("comment", ""),
        "error": error,
    }
    response = render(request, "nexod/links/ask.html", context, status=error.status if error else 200)
    response.set_cookie(
        COOKIE, cookie, path="/decide/", httponly=True, samesite="Strict", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _stop(request: HttpRequest, error: NexodError) -> HttpResponse:
    """Return the page that says why there is nothing to decide; more than that only to whoever decided."""
    vote = error.vote if isinstance(error, LinkUsed) else None
    return render(request, "nexod/links/stop.html", {"error": error, "vote": vote}, status=error.status)


def _require_asked(request: HttpRequest, token: str, approval: Approval) -> None:
    """Raise NotAsked for a form that this page did not give to this browser, of what is asked now."""
    wanted = _form_token(token, approval, request.COOKIES.get(COOKIE, ""))
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or not constant_time_compare(
        request.POST.get("asked", ""), wanted
    ):
        raise NotAsked


def _form_token(token: str, approval: Approval, cookie: str) -> str:
    return signing.sign(f"{_short(token)}:{present_digest(approval)}:{_short(cookie)}", purpose=PURPOSE).rpartition(
        "."
    )[2]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
