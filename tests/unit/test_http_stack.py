"""Django's middlewares inside of two: the same order, the same answers, and no thread where none is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.contrib import messages
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory

from nexod.http.stack import Person, StaticFiles, Transport


def test_what_djangos_checks_ask_for_is_there_and_in_order(settings: Any) -> None:
    names = [name.rsplit(".", 1)[1] for name in settings.MIDDLEWARE]
    assert names[2:] == ["Transport", "StaticFiles", "tenant_middleware", "Person"]
    assert SecurityMiddleware in Transport.parts_of
    wanted = [SessionMiddleware, CsrfViewMiddleware, AuthenticationMiddleware, MessageMiddleware]
    places = [Person.parts_of.index(part) for part in wanted]
    assert places == sorted(places)


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what was called in a thread."""
    found: list[str] = []
    call = SyncToAsync.__call__

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        found.append(getattr(self.func, "__name__", "?"))
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    return found


def answer(request: HttpRequest, view: Any) -> HttpResponse:
    async def get_response(request: HttpRequest) -> HttpResponse:
        view(request)
        return HttpResponse("ok")

    async def ask() -> HttpResponse:
        return await Transport(StaticFiles(Person(get_response)))(request)  # type: ignore[misc, return-value, arg-type]

    return asyncio.run(ask())


def test_a_program_costs_no_thread(hops: list[str]) -> None:
    response = answer(RequestFactory().get("/api/v1/runs"), lambda request: None)
    assert hops == []
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")


@pytest.mark.parametrize(
    "touch",
    [
        lambda request: request.session.update({"seen": True}),
        lambda request: messages.info(request, "Saved"),
        lambda request: request.session.set_expiry(0),
    ],
)
def test_what_may_be_stored_is_stored_in_a_thread(hops: list[str], settings: Any, touch: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    response = answer(RequestFactory().get("/admin/"), touch)
    assert hops == ["_after"]
    assert response.cookies


def test_a_forged_form_is_refused() -> None:
    async def get_response(request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    request = RequestFactory(enforce_csrf_checks=True).post("/admin/", {"name": "x"})
    request._dont_enforce_csrf_checks = False
    person = Person(get_response)
    asyncio.run(person(request))  # type: ignore[arg-type]
    refusal = asyncio.run(person.process_view(request, lambda request: None, (), {}))  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.status_code == 403


def test_a_static_file_is_served_and_another_path_is_not_looked_for(hops: list[str]) -> None:
    asked: list[str] = []
    response = answer(RequestFactory().get("/static/nexod/nexod.css"), lambda request: asked.append(request.path))
    assert (response.status_code, asked) == (200, [])
    response.close()
    assert answer(RequestFactory().get("/static/nexod/none.css"), lambda r: asked.append(r.path)).content == b"ok"
    assert asked == ["/static/nexod/none.css"]
    assert hops == ["_found", "_found"]
