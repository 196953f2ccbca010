"""What answers when no view did: JSON for programs, Django's pages for people. Named as handler400... in the URL configurations."""

from __future__ import annotations

import sys
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults

from nexod.http.errors import answer, as_nexod_error, is_api
from nexod.kernel.errors import InvalidInput, NexodError, NotFound, PermissionDenied, Unavailable


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400, or what the exception stands for."""
    if is_api(request):
        return answer(as_nexod_error(exception) or InvalidInput())
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403."""
    if is_api(request):
        return answer(PermissionDenied())
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404."""
    if is_api(request):
        return answer(NotFound())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer 500 without saying what went wrong inside, or 503 when something that everything needs is away."""
    if is_api(request):
        error = sys.exception()
        found = as_nexod_error(error) if isinstance(error, Exception) else None
        return answer(found if isinstance(found, Unavailable) else NexodError())
    return defaults.server_error(request)


def unknown_api_path(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """Answer 404 in the envelope; the last pattern under ``api/``, so that DEBUG pages never reach a program."""
    return answer(NotFound(f"There is nothing at {request.path[:200]}."))
