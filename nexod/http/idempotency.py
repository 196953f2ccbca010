"""``Idempotency-Key``: a POST that arrives twice acts once. Claim, action and recorded answer are one transaction.

So nothing can be left half claimed: a crash rolls all of it back, and a retry acts anew. While one request works, an advisory
lock makes its twin fail at once with 409. Answers are sealed, since some show a secret once. After the draft
draft-ietf-httpapi-idempotency-key-header: same key and other request is 422, still at work is 409.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from nexod.kernel import scope
from nexod.kernel.errors import Conflict, InvalidInput
from nexod.kernel.secrets import decrypt, encrypt

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MODEL = "accounts.IdempotencyKey"
KEPT = timedelta(hours=24)
KEY_LIMIT = 255
# While this stands in the tenant's cache, its expired rows were deleted within the last day.
PURGED = "idempotency-purged"

Handler = Callable[..., Response]


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was used for another request."""

    code, status = "idempotency_mismatch", 422


class IdempotencyInFlight(Conflict):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency_in_flight"


def idempotent(handler: Handler) -> Handler:
    """Return ``handler`` (a bound method of a view) that acts once for each key of its caller."""

    def once(request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(request, *args, **kwargs)
        _require_sane(key)
        caller, fingerprint = caller_of(request), fingerprint_of(request)
        with transaction.atomic():
            _lock(caller, key)
            recorded = _recorded(caller, key)
            if recorded is not None:
                return _replay(recorded, fingerprint)
            response = handler(request, *args, **kwargs)
            _record(caller, key, fingerprint, response)
            return response

    return once


def caller_of(request: Request) -> str:
    """Return who asks: keys of one caller mean nothing to another."""
    if request.auth is not None:
        return f"key:{request.auth.pk}"
    return f"user:{request.user.pk}"


def fingerprint_of(request: Request) -> str:
    """Return a digest of method, path and parsed body, files included."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if hasattr(data, "lists"):
        for name, values in sorted(data.lists()):
            for value in values:
                digest.update(name.encode() + b"\x00" + _digest_of(value))
    else:
        digest.update(json.dumps(data, sort_keys=True).encode())
    return digest.hexdigest()


def purge_expired() -> int:
    """Delete what was recorded longer ago than KEPT in this schema; return how many rows."""
    return int(_keys().filter(created_at__lt=timezone.now() - KEPT).delete()[0])


def _digest_of(value: Any) -> bytes:
    if not isinstance(value, UploadedFile):
        return hashlib.sha256(str(value).encode()).digest()
    digest = hashlib.sha256(f"{value.name}\x00".encode())
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.digest()


def _require_sane(key: str) -> None:
    if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
        message = f"{HEADER} is 1 to {KEY_LIMIT} printable ASCII characters."
        raise InvalidInput(message, details=[{"field": HEADER, "message": message}])


def _lock(caller: str, key: str) -> None:
    """Advisory locks belong to the whole database, so the name carries the schema."""
    name = f"{_schema()}\x00{caller}\x00{key}".encode()
    number = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise IdempotencyInFlight


def _recorded(caller: str, key: str) -> Any:
    row = _keys().filter(caller=caller, key=key).first()
    if row is not None and row.created_at < timezone.now() - KEPT:
        row.delete()
        return None
    return row


def _replay(row: Any, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise IdempotencyMismatch
    body = json.loads(decrypt(row.body, bound_to=_schema()))
    return Response(body, status=row.status, headers={**row.headers, REPLAYED: "true"})


def _record(caller: str, key: str, fingerprint: str, response: Response) -> None:
    """Errors are raised and so never get here: a retry after one acts anew."""
    sealed = encrypt(json.dumps(response.data, cls=JSONEncoder), bound_to=_schema())
    headers = {name: value for name, value in response.headers.items() if name == "Location"}
    _keys().create(
        caller=caller, key=key, fingerprint=fingerprint, status=response.status_code, body=sealed, headers=headers
    )
    if cache.add(PURGED, True, KEPT.total_seconds()):
        purge_expired()


def _schema() -> str:
    return scope.tenant.get() or "public"


def _keys() -> Any:
    return apps.get_model(MODEL).objects
