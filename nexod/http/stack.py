"""Django's own middlewares as one, and WhiteNoise, for a server that is asynchronous.

Each of Django's changes to a thread and back for its request and again for its response, 14 times a request, although most
of them only look at headers; WhiteNoise, which cannot be asynchronous, adds a loop inside a thread to all that it encloses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

Next = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Answer = HttpResponseBase | Awaitable[HttpResponseBase]
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class Stack:
    """Runs its ``parts`` in their order around what it encloses; in a thread only where one of them may ask a store."""

    sync_capable = True
    async_capable = True
    parts_of: ClassVar[tuple[type[Any], ...]] = ()

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.parts = [part(get_response) for part in self.parts_of]
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        """Pass the request through the parts, on, and its response back through them."""
        if self.is_async:
            return self._answer_async(request)
        response = self._before(request) or cast(HttpResponseBase, self.get_response(request))
        return self._after(request, response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        response = self._before(request) or await cast(Awaitable[HttpResponseBase], self.get_response(request))
        if self.asks_a_store(request):
            return await sync_to_async(self._after)(request, response)
        return self._after(request, response)

    def asks_a_store(self, request: HttpRequest) -> bool:
        """Say whether the way back may ask the database or the cache."""
        return False

    def _before(self, request: HttpRequest) -> HttpResponseBase | None:
        """Prepare the request, which asks no store; return what answers it already, if something does."""
        for part in self.parts:
            if (do := getattr(part, "process_request", None)) and (response := do(request)) is not None:
                return cast(HttpResponseBase, response)
        return None

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for part in reversed(self.parts):
            if do := getattr(part, "process_response", None):
                response = do(request, response)
        return response


class Transport(Stack):
    """HTTPS and the headers that speak of it; before anything knows the tenant."""

    parts_of = (SecurityMiddleware,)


class Person(Stack):
    """Sessions, people, messages, forged forms and frames: all that needs the tenant's place."""

    parts_of = (
        SessionMiddleware,
        CommonMiddleware,
        CsrfViewMiddleware,
        AuthenticationMiddleware,
        MessageMiddleware,
        XFrameOptionsMiddleware,
    )

    def __init__(self, get_response: Next) -> None:
        super().__init__(get_response)
        self._csrf = next(part for part in self.parts if isinstance(part, CsrfViewMiddleware))
        self.process_view = self._check_async if self.is_async else self._csrf.process_view

    def asks_a_store(self, request: HttpRequest) -> bool:
        """Say whether somebody read or changed the session, or left a message for the next page."""
        messages = getattr(request, "_messages", None)
        told = messages is not None and (messages.used or messages.added_new)
        return bool(request.session.accessed or request.session.modified or told)

    async def _check_async(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Refuse a forged form; only to read a form's body takes a thread."""
        check = self._csrf.process_view
        if request.method in SAFE_METHODS or getattr(view, "csrf_exempt", False):
            return check(request, view, args, kwargs)
        return await sync_to_async(check)(request, view, args, kwargs)


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise that leaves alone what is no file of its own."""

    async_capable = True

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        """Serve a static file, or pass the request on."""
        if self.is_async:
            return self._answer_async(request)
        return cast(HttpResponseBase, super().__call__(request))

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(self.static_prefix):
            found = await sync_to_async(self._found, thread_sensitive=False)(request)
            if found is not None:
                return found
        return await cast(Awaitable[HttpResponseBase], self.get_response(request))

    def _found(self, request: HttpRequest) -> HttpResponseBase | None:
        path = request.path_info
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        return None if file is None else cast(HttpResponseBase, self.serve(file, request))
