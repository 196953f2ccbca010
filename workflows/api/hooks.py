"""``POST /hooks/<token>`` on a tenant's host: where other programs send. Signed or refused; counted before anything is asked."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from nexod.http.errors import answer
from nexod.http.throttling import count, require_few_refusals
from nexod.kernel.errors import NexodError, NotFound, TooLarge
from workflows.actions.arrivals import MAX_PAYLOAD_BYTES, challenge_of, receive, trigger_at, verified
from workflows.triggers.schemes import SignatureRefused


@csrf_exempt
@require_POST
def hook(request: HttpRequest, token: str) -> JsonResponse:
    """Answer 202 with the firing at once, or the error in the API's envelope."""
    try:
        return _received(request, token)
    except NexodError as error:
        return answer(error)


def _received(request: HttpRequest, token: str) -> JsonResponse:
    address = str(request.META.get("REMOTE_ADDR", ""))
    require_few_refusals(address)
    count("hook", hashlib.sha256(token.encode()).hexdigest()[:32])
    body = _body(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        trigger = trigger_at(token)
        if (challenge := challenge_of(trigger, body)) is not None:
            verified(trigger, headers=headers, body=body)
            return JsonResponse({"challenge": challenge})
        firing = receive(trigger, headers=headers, body=body, counted=lambda: count("hooks", "all"))
    except (NotFound, SignatureRefused):
        count("refused", address)
        raise
    return JsonResponse({"id": str(firing.pk), "outcome": firing.outcome}, status=202)


def _body(request: HttpRequest) -> bytes:
    """Return the body, read no further than allowed; raise TooLarge."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    body = b"" if announced.isdigit() and int(announced) > MAX_PAYLOAD_BYTES else request.read(MAX_PAYLOAD_BYTES + 1)
    if not announced.isdigit() or int(announced) > MAX_PAYLOAD_BYTES or len(body) > MAX_PAYLOAD_BYTES:
        raise TooLarge(details={"limit_bytes": MAX_PAYLOAD_BYTES})
    return body
