"""Whatever goes wrong, a program gets the envelope and nothing from inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as rest_errors
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from nexod.http import fallbacks
from nexod.kernel import scope
from nexod.kernel.errors import Conflict, NotAuthenticated, QuotaExceeded, RateLimited


class Failing(APIView):
    """Raises what it was told to."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    error: Exception | type[Exception]

    def post(self, request: Request) -> Response:
        raise self.error


def answer_to(error: Exception | type[Exception], body: Any = None) -> Response:
    view = type("Once", (Failing,), {"error": error}).as_view()
    with scope.bound(scope.request_id, "r-1"):
        response: Response = view(APIRequestFactory().post("/api/v1/x", body or {}, format="json"))
    return response.render()


def unique_violation() -> IntegrityError:
    error = IntegrityError("duplicate key value violates unique constraint (email)=(a@b.c)")
    error.__cause__ = type("UniqueViolation", (Exception,), {"sqlstate": "23505"})()
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict("Already decided."), 409, "conflict"),
        (QuotaExceeded, 429, "quota_exceeded"),
        (NotAuthenticated, 401, "not_authenticated"),
        (rest_errors.AuthenticationFailed, 401, "not_authenticated"),
        (rest_errors.PermissionDenied, 403, "permission_denied"),
        (django_errors.PermissionDenied, 403, "permission_denied"),
        (rest_errors.NotFound, 404, "not_found"),
        (Http404("No Agent matches the given query."), 404, "not_found"),
        (rest_errors.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (rest_errors.NotAcceptable, 406, "not_acceptable"),
        (rest_errors.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (rest_errors.Throttled(wait=3), 429, "rate_limited"),
        (django_errors.RequestDataTooBig("x"), 413, "too_large"),
        (django_errors.SuspiciousOperation("/etc/passwd"), 400, "invalid"),
        (unique_violation(), 409, "already_exists"),
        (ProtectedError("Cannot delete Agent 7", set()), 409, "in_use"),
    ],
)  # fmt: skip
def test_errors_become_the_envelope(error: Exception, status: int, code: str) -> None:
    response = answer_to(error)
    assert response.status_code == status
    assert set(response.data) == {"error"}
    assert set(response.data["error"]) == {"code", "message", "details", "request_id"}
    assert response.data["error"]["code"] == code
    assert response.data["error"]["request_id"] == "r-1"
    for inside in ("a@b.c", "/etc/passwd", "Agent"):
        assert inside not in str(response.data)


def test_an_unforeseen_error_is_500_without_detail_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    reported: list[Any] = []
    got_request_exception.connect(lambda **kwargs: reported.append(kwargs["request"]), weak=False, dispatch_uid="here")
    try:
        response = answer_to(ZeroDivisionError("secret of the house"))
    finally:
        got_request_exception.disconnect(dispatch_uid="here")
    assert response.status_code == 500
    assert response.data["error"]["code"] == "internal"
    assert "secret" not in str(response.data)
    assert caplog.records[-1].exc_info is not None
    assert len(reported) == 1


def test_a_validation_error_names_each_field_by_its_path() -> None:
    detail = {"name": ["Too long."], "tasks": [{}, {"agent": ["Unknown."]}], "non_field_errors": ["Odd."]}
    details = answer_to(serializers.ValidationError(detail)).data["error"]["details"]
    assert [(item["field"], item["message"]) for item in details] == [
        ("name", "Too long."), ("tasks.1.agent", "Unknown."), ("", "Odd.")
    ]  # fmt: skip


def test_a_models_own_validation_error_names_its_fields() -> None:
    error = django_errors.ValidationError({"slug": ["Taken."], django_errors.NON_FIELD_ERRORS: ["Odd."]})
    details = answer_to(error).data["error"]["details"]
    assert [(item["field"], item["message"]) for item in details] == [("slug", "Taken."), ("", "Odd.")]


def test_waiting_times_are_in_the_header() -> None:
    assert answer_to(rest_errors.Throttled(wait=2.6))["Retry-After"] == "3"
    assert answer_to(RateLimited(details={"retry_after_s": 7}))["Retry-After"] == "7"


def test_a_401_says_how_to_authenticate() -> None:
    assert answer_to(NotAuthenticated)["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("view", "arguments", "status"),
    [
        (fallbacks.bad_request, (django_errors.BadRequest("x"),), 400),
        (fallbacks.permission_denied, (django_errors.PermissionDenied(),), 403),
        (fallbacks.page_not_found, (Http404(),), 404),
        (fallbacks.server_error, (), 500),
        (fallbacks.unknown_api_path, (), 404),
    ],
)
def test_fallbacks_answer_programs_with_json(view: Callable[..., Any], arguments: Any, status: int) -> None:
    response = view(RequestFactory().get("/api/nothing"), *arguments)
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("view", "arguments"), [(fallbacks.page_not_found, (Http404(),)), (fallbacks.bad_request, (Exception(),))]
)
def test_fallbacks_answer_people_with_a_page(view: Callable[..., Any], arguments: Any) -> None:
    assert view(RequestFactory().get("/admin/nothing"), *arguments)["Content-Type"].startswith("text/html")


class Refused(psycopg.OperationalError):
    """What PostgreSQL says."""

    def __init__(self, state: str | None) -> None:
        super().__init__("inside: secret-host:5432")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "status"), [(None, 503), ("57P01", 503), ("53300", 503), ("08006", 503), ("57014", 500)]
)
def test_a_database_that_is_away_is_unavailable(state: str | None, status: int) -> None:
    """A query that was cancelled is not."""
    error = OperationalError("inside: secret-host:5432")
    error.__cause__ = Refused(state)
    response = answer_to(error)
    assert response.status_code == status
    assert "secret-host" not in str(response.data)
    if status == 503:
        assert (response.data["error"]["code"], response["Retry-After"]) == ("database_away", "1")


def test_a_database_that_is_away_before_any_view_is_unavailable() -> None:
    request = RequestFactory().get("/api/v1/runs")
    try:
        raise OperationalError from psycopg.OperationalError("connection refused")
    except OperationalError:
        assert fallbacks.server_error(request).status_code == 503
    assert fallbacks.server_error(request).status_code == 500
