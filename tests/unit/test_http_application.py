"""Django behind ASGI: one thread to a request, streams in the loop, nothing held by a client that left."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.core import signals
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from nexod.http.application import Application

seen: dict[str, Any] = {}


def plain(request: HttpRequest) -> HttpResponse:
    seen["view"] = threading.get_ident()
    return HttpResponse(request.body + request.path.encode(), status=201, headers={"X-Said": "yes"})


def live(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.sleep(30)
        finally:
            seen["stream"] = threading.get_ident()

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for number in range(3):
            seen.setdefault("file", set()).add(threading.get_ident())
            yield b"%d" % number

    return StreamingHttpResponse(parts())


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("plain", plain), path("live", live), path("file", file), path("broken", broken)]
handler404 = lambda request, exception: HttpResponse("where", status=404)  # noqa: E731
handler500 = lambda request: HttpResponse("sorry", status=500)  # noqa: E731


@pytest.fixture
def application(settings: Any) -> Application:
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []
    seen.clear()
    return Application()


async def ask(application: Application, path: str, *body: bytes, leaves_after: bytes = b"") -> list[dict[str, Any]]:
    """Return what was sent; the client leaves when ``leaves_after`` has come, and otherwise stays."""
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"host", b"testserver")]}
    chunks = list(body or (b"",))
    sent, gone = [], asyncio.Event()

    async def receive() -> dict[str, Any]:
        if chunks:
            part = chunks.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(chunks)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if leaves_after and message.get("body") == leaves_after:
            gone.set()

    async with asyncio.timeout(5):
        await application(scope, receive, send)
    return sent


async def test_a_request_is_answered_from_one_thread_that_is_not_the_loops(application: Application) -> None:
    threads = []

    def note(**_: Any) -> None:
        threads.append(threading.get_ident())

    signals.request_started.connect(note)
    signals.request_finished.connect(note)
    try:
        start, content = await ask(application, "/plain", b"ab", b"cd")
    finally:
        signals.request_started.disconnect(note)
        signals.request_finished.disconnect(note)
    assert (start["status"], dict(start["headers"])[b"X-Said"]) == (201, b"yes")
    assert (content["body"], content["more_body"]) == (b"abcd/plain", False)
    assert threads == [seen["view"]] * 2
    assert seen["view"] != threading.get_ident()


async def test_a_stream_ends_in_the_loop_when_its_client_leaves(application: Application) -> None:
    closed = []
    signals.request_finished.connect(note := lambda **_: closed.append(True))
    try:
        sent = await ask(application, "/live", leaves_after=b"first")
    finally:
        signals.request_finished.disconnect(note)
    assert [message.get("body") for message in sent] == [None, b"first"]
    assert seen["stream"] == threading.get_ident()
    assert closed


async def test_a_file_is_read_part_by_part_and_never_in_the_loop(application: Application) -> None:
    sent = await ask(application, "/file")
    assert [message.get("body") for message in sent[1:]] == [b"0", b"1", b"2", None]
    assert threading.get_ident() not in seen["file"]


async def test_the_collector_is_spared_what_was_loaded_for_the_first_view(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("collect", "freeze"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    await ask(application, "/nowhere")
    assert done == []
    await ask(application, "/plain")
    await ask(application, "/plain")
    assert done == ["collect", "freeze"]


async def test_a_view_that_fails_is_answered(application: Application) -> None:
    start, content = await ask(application, "/broken")
    assert (start["status"], content["body"]) == (500, b"sorry")


async def test_a_client_that_leaves_before_it_has_asked_gets_nothing(application: Application) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    await application({"type": "http", "method": "POST", "path": "/plain", "headers": []}, receive, pytest.fail)
    assert seen == {}
