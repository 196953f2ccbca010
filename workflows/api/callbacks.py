"""``POST /callbacks/<token>`` on a tenant's host: somebody outside lets a run go on, with nothing but the address."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from nexod.http.errors import answer
from nexod.http.throttling import count, require_few_refusals
from nexod.kernel.errors import InvalidInput, NexodError, NotFound, TooLarge
from workflows.actions.callbacks import take_callback

MAX_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def callback(request: HttpRequest, token: str) -> JsonResponse:
    """Answer 202 with the run that goes on, or the error in the API's envelope."""
    try:
        return JsonResponse({"run": str(_taken(request, token))}, status=202)
    except NexodError as error:
        return answer(error)


def _taken(request: HttpRequest, token: str) -> Any:
    address = str(request.META.get("REMOTE_ADDR", ""))
    require_few_refusals(address)
    count("address", address)
    body = _body(request)
    try:
        return take_callback(token=token, body=body).pk
    except NotFound:
        count("refused", address)
        raise


def _body(request: HttpRequest) -> Any:
    """Return the JSON that was sent, None for nothing; read no further than allowed."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if not announced.isdigit() or int(announced) > MAX_BYTES or len(body := request.read(MAX_BYTES + 1)) > MAX_BYTES:
        raise TooLarge(details={"limit_bytes": MAX_BYTES})
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("A callback brings JSON, or nothing.") from error
