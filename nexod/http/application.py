"""Django behind ASGI with one thread to a request: middlewares, view, commit and the way back, then only bytes to send.

Django's own handler changes to a thread and back for each signal, middleware, view and close, in a thread pool made for the
request alone: 3 ms of CPU on a request that asks for 4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import IO, Any, cast

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http.response import StreamingHttpResponse
from django.urls import set_script_prefix

from nexod.kernel import garbage

# Each may take a connection of the pool (20 usually); one that waits for a connection or for the network computes nothing.
THREADS = 32

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Application(ASGIHandler):
    """All views are synchronous. What is live is a StreamingHttpResponse over an asynchronous iterator, which runs in the loop."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # ASGIHandler's own would load the middlewares as asynchronous ones
        self.load_middleware()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        self._is_settled = False

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request; a client that goes away while its view works is noticed afterwards."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await self._in_thread(self._answered, scope, body)
        if not response.streaming:
            await self.send_response(response, send)
            return
        try:
            await _until_disconnect(self._send_stream(cast(StreamingHttpResponse, response), send), receive)
        finally:
            response.close()  # here in the loop: the thread has given its connections back, so nothing of this waits

    def _answered(self, scope: Any, body: IO[bytes]) -> Any:
        """Return the response; one that is whole is closed already, and whatever the request took is given back."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = type(self)
        response._resource_closers.append(body.close)
        if response.streaming:
            close_old_connections()  # a stream may last for hours
        else:
            response.close()
        if not self._is_settled and request is not None and request.resolver_match is not None:
            self._settle()
        return response

    def _settle(self) -> None:
        """Keep from the garbage collector what start-up and the first view loaded, which stays: to look at all of it takes 130 ms,
        in which nobody is answered, every few hundred requests."""
        self._is_settled = True
        garbage.settle()

    async def _send_stream(self, response: StreamingHttpResponse, send: Send) -> None:
        if not response.is_async:
            response.streaming_content = self._read(iter(cast(Iterator[bytes], response.streaming_content)))
        await self.send_response(response, send)

    async def _read(self, parts: Iterator[bytes]) -> Any:
        """Give what a file holds part by part; Django would read all of it first."""
        while (part := await self._in_thread(next, parts, None)) is not None:
            yield part

    async def _in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work, *args)


async def _until_disconnect(sending: Any, receive: Receive) -> None:
    """Let the client's leaving end the stream, and the stream's end the listening."""
    tasks = [asyncio.create_task(sending), asyncio.create_task(_disconnect(receive))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
