"""Every request gets an id, one line and its measures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from prometheus_client import REGISTRY

from nexod.kernel import scope
from nexod.observability.requests import RequestIdMiddleware, route_of


def plain(request: HttpRequest) -> HttpResponse:
    request.resolver_match = SimpleNamespace(route="api/v1/runs/<uuid:run_id>", kwargs={"run_id": "r-1"})  # type: ignore[assignment]
    request.tenant = SimpleNamespace(pk=41, schema_name="t_41")  # type: ignore[attr-defined]
    request.user = SimpleNamespace(pk=7)  # type: ignore[assignment]
    return HttpResponse(scope.request_id.get(), status=202)


def ask(**headers: str) -> HttpRequest:
    return RequestFactory().post("/api/v1/runs/r-1?token=abc", headers=headers or None)


@pytest.mark.parametrize("given", ["abc-123", "a", "0199.x:y_z", "f" * 128])
def test_a_sane_id_is_kept_and_echoed(given: str) -> None:
    response = RequestIdMiddleware(plain)(ask(x_request_id=given))
    assert response["X-Request-ID"] == given
    assert response.content.decode() == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "-starts", "new\u2028line", '"><script>'])
def test_an_odd_id_is_replaced(given: str) -> None:
    response = RequestIdMiddleware(plain)(ask(x_request_id=given))
    assert response["X-Request-ID"] != given
    assert len(response["X-Request-ID"]) == 32


def test_the_scope_is_left_clean() -> None:
    RequestIdMiddleware(plain)(ask(x_request_id="abc"))
    assert scope.request_id.get() == ""


def test_one_line_says_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "nexod.request"):
        RequestIdMiddleware(plain)(ask())
    (line,) = caplog.records
    facts = {name: line.__dict__[name] for name in ("method", "route", "status", "tenant", "user", "run")}
    assert facts == {
        "method": "POST", "route": "/api/v1/runs/<uuid:run_id>", "status": 202, "tenant": "t_41", "user": "7", "run": "r-1"
    }  # fmt: skip
    assert "token" not in str(line.__dict__)


def test_a_stream_is_told_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"

    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts())

    async def run() -> int:
        response = RequestIdMiddleware(stream)(ask())
        before = len(caplog.records)
        assert [part async for part in response] == [b"one"]  # type: ignore[union-attr]
        return before

    with caplog.at_level(logging.INFO, "nexod.request"):
        assert asyncio.run(run()) == 0
    assert caplog.records[0].__dict__["streamed"] is True


def test_requests_are_counted_by_template_not_by_path() -> None:
    labels = {"method": "POST", "route": "/api/v1/runs/<uuid:run_id>", "status": "202"}
    before = REGISTRY.get_sample_value("nexod_http_requests_total", labels) or 0
    RequestIdMiddleware(plain)(ask())
    assert REGISTRY.get_sample_value("nexod_http_requests_total", labels) == before + 1
    assert REGISTRY.get_sample_value("nexod_http_tenant_requests_total", {"tenant": "41"})


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        ("api/v1/agents/<uuid:pk>", "/api/v1/agents/<uuid:pk>"),
        (r"^admin/(?P<app_label>auth|agents)/$", "/admin/<app_label>/"),
        (r"^runs/(?P<pk>[^/.]+)/events\Z", "/runs/<pk>/events"),
    ],
)
def test_routes_are_shown_without_their_patterns(route: str, shown: str) -> None:
    request = RequestFactory().get("/x")
    request.resolver_match = SimpleNamespace(route=route, kwargs={})  # type: ignore[assignment]
    assert route_of(request) == shown


def test_what_nothing_answered_has_one_name() -> None:
    assert route_of(RequestFactory().get("/wp-login.php")) == "(none)"
