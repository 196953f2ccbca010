"""The one HTTP mapper: whatever goes wrong becomes ``{"error": {"code", "message", "details", "request_id"}}``; nothing leaks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions as rest_errors
from rest_framework.response import Response

from nexod.kernel import errors, scope

UNIQUE_VIOLATION = "23505"
# PostgreSQL's classes of states: connection exceptions, too many connections, shut down by an administrator or a crash.
GONE = ("08", "53300", "57P0")
logger = logging.getLogger("nexod.api")


class Malformed(errors.InvalidInput):
    """The body is not what its Content-Type says."""

    code = "malformed"


class MethodNotAllowed(errors.NexodError):
    """This address does not answer that method."""

    code, status = "method_not_allowed", 405


class NotAcceptable(errors.NexodError):
    """This address answers with JSON only."""

    code, status = "not_acceptable", 406


class UnsupportedMediaType(errors.NexodError):
    """The body's Content-Type is not understood here."""

    code, status = "unsupported_media_type", 415


class InUse(errors.Conflict):
    """Something else still needs this object."""

    code = "in_use"


class AlreadyExists(errors.Conflict):
    """There is one like this already."""

    code = "already_exists"


class DatabaseAway(errors.Unavailable):
    """The database does not answer right now; try again in a moment, a POST with the same Idempotency-Key."""

    code = "database_away"


_REST: dict[type[Exception], type[errors.NexodError]] = {
    rest_errors.ParseError: Malformed,
    rest_errors.NotAuthenticated: errors.NotAuthenticated,
    rest_errors.AuthenticationFailed: errors.NotAuthenticated,
    rest_errors.PermissionDenied: errors.PermissionDenied,
    rest_errors.NotFound: errors.NotFound,
    rest_errors.MethodNotAllowed: MethodNotAllowed,
    rest_errors.NotAcceptable: NotAcceptable,
    rest_errors.UnsupportedMediaType: UnsupportedMediaType,
    rest_errors.Throttled: errors.RateLimited,
    Http404: errors.NotFound,
    django_errors.PermissionDenied: errors.PermissionDenied,
    django_errors.RequestDataTooBig: errors.TooLarge,
    django_errors.TooManyFieldsSent: errors.TooLarge,
    django_errors.TooManyFilesSent: errors.TooLarge,
    django_errors.BadRequest: errors.InvalidInput,
    django_errors.SuspiciousOperation: errors.InvalidInput,
    ProtectedError: InUse,
    RestrictedError: InUse,
}
# Their own words name models, constraints or files; the docstring of ours says enough.
_SILENT = (Http404, django_errors.SuspiciousOperation, ProtectedError, RestrictedError)


def as_nexod_error(error: Exception) -> errors.NexodError | None:
    """Return the error of our tree that says the same, or None for what nobody foresaw."""
    if isinstance(error, errors.NexodError):
        return error
    if isinstance(error, rest_errors.ValidationError):
        return errors.InvalidInput(details=list(_fields(error.detail)))
    if isinstance(error, django_errors.ValidationError):
        return errors.InvalidInput(details=list(_django_fields(error)))
    if isinstance(error, IntegrityError) and getattr(error.__cause__, "sqlstate", "") == UNIQUE_VIOLATION:
        return AlreadyExists()
    if isinstance(error, OperationalError | InterfaceError) and is_away(error):
        logger.warning("The database is away", exc_info=error)
        return DatabaseAway(details={"retry_after_s": 1})
    for kind, ours in _REST.items():
        if isinstance(error, kind):
            return ours() if isinstance(error, _SILENT) else ours(_message(error))
    return None


def is_away(error: Exception) -> bool:
    """Say whether the database could not be reached, or went away or refused connections, rather than the query."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(GONE)


def envelope(error: errors.NexodError) -> dict[str, Any]:
    """Return the body that every failed request gets."""
    return {"error": {**error.as_dict(), "request_id": scope.request_id.get()}}


def answer(error: errors.NexodError) -> JsonResponse:
    """Return the error as a response of plain Django, for code outside REST framework."""
    return JsonResponse(envelope(error), status=error.status, headers=_headers(error))


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer for REST framework; what nobody foresaw is logged, reported and answered with 500 and no detail."""
    found = as_nexod_error(error)
    if found is None:
        found = unforeseen(context.get("request"))
    headers = _headers(found)
    if isinstance(error, rest_errors.APIException):
        if challenge := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(max(1, round(wait)))
    return Response(envelope(found), status=found.status, headers=headers)


def unforeseen(request: Any) -> errors.NexodError:
    """Log the exception that is being handled, tell Sentry and return the error that clients may see."""
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    logger.exception("An API request failed in a way that nobody foresaw")
    return errors.NexodError("Something went wrong inside Nexod. The request id finds it in the logs.")


def is_api(request: HttpRequest) -> bool:
    """Say whether a program asked, so that the answer must be the envelope."""
    return request.path.startswith("/api/")


def _headers(error: errors.NexodError) -> dict[str, str]:
    details = error.details if isinstance(error.details, dict) else {}
    headers = {"Cache-Control": "no-store"}
    if "retry_after_s" in details:
        headers["Retry-After"] = str(max(1, round(details["retry_after_s"])))
    if isinstance(error, errors.NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return headers


def _message(error: Exception) -> str | None:
    detail = getattr(error, "detail", None) or str(error)
    return str(detail) if isinstance(detail, str) and detail else None


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _fields(inner, ".".join(filter(None, (path, step))))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            deeper = isinstance(inner, dict | list)
            yield from _fields(inner, ".".join(filter(None, (path, str(index)))) if deeper else path)
    else:
        yield {"field": path, "message": str(detail), "code": str(getattr(detail, "code", "invalid"))}


def _django_fields(error: django_errors.ValidationError) -> Iterator[dict[str, str]]:
    named = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, messages in named.items():
        for message in messages:
            yield {
                "field": "" if name == django_errors.NON_FIELD_ERRORS else name,
                "message": message,
                "code": "invalid",
            }
