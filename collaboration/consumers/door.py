"""What every socket does first: say who is there, and close with a code that tells why it may not stay."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http.cookies import CookieError, SimpleCookie
from typing import Any, cast
from uuid import uuid4

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from collaboration.consumers.codes import BROKEN, DONE, GONE, INVALID, code_of
from nexod.http import streams, throttling
from nexod.kernel import scope
from nexod.kernel.errors import NexodError, NotAuthenticated
from nexod.kernel.hub import Message
from tenants.accounts.authentication import identify
from tenants.accounts.models import ApiKey, User
from tenants.accounts.standing import badge, marks
from tenants.entry.absence import watching
from tenants.entry.porter import Visit, looked_after
from tenants.models import Tenant

MESSAGE_LIMIT = 4_096
logger = logging.getLogger("nexod.socket")


class DoorConsumer(AsyncWebsocketConsumer):
    """Accepts, then works in ``serve``; a subclass sends with ``tell`` and may read with ``hear``.

    It accepts before it has looked at anything, since a code can only be told on an open socket.
    """

    # Topics are subscribed to in workflows.live and nexod.kernel.topics; a channel per socket would be one too many.
    channel_layer_alias = "none"
    _work: asyncio.Task[None] | None = None
    _person = ""

    @property
    def tenant(self) -> Tenant:
        """Return the tenant that the door found for the host."""
        return cast(Tenant, cast(dict[str, Any], self.scope)["tenant"])

    async def connect(self) -> None:
        """Open the socket and begin to serve it."""
        self._id = uuid4().hex
        await self.accept()
        self._work = asyncio.create_task(self._serve_and_close())

    async def disconnect(self, code: int) -> None:
        """Stop serving."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Read a small JSON object; anything else closes the socket."""
        try:
            message = json.loads(text_data or "") if len(text_data or "") <= MESSAGE_LIMIT else None
        except ValueError:
            message = None
        if isinstance(message, dict):
            await self.hear(message)
        else:
            await self.close(INVALID, "Messages are JSON objects of at most 4096 characters.")

    async def serve(self) -> None:
        """Tell what this socket is for; returning closes it."""
        raise NotImplementedError

    async def hear(self, message: dict[str, Any]) -> None:
        """Take a message of the client; most sockets only talk."""

    def looked_after(self, still: Callable[[], object]) -> AbstractAsyncContextManager[Visit]:
        """Serve inside the block for as long as the caller may; ``still``, called inside the tenant, admits anew or raises."""
        return looked_after(self.tenant, self.badge, self.mark, still)

    async def tell(self, message: Message) -> None:
        """Send a JSON object."""
        await self.send(text_data=message.text)

    def caller(self) -> tuple[User, ApiKey | None]:
        """Return who is there, looked up anew, and count the socket as theirs. For use inside the tenant.

        Raises NotAuthenticated, TooManyStreams, or RateLimited for a person or an address that connects too often.
        """
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in self.scope["headers"]}
        session_key = _cookie(headers.get("cookie", ""), settings.SESSION_COOKIE_NAME)
        address = (self.scope.get("client") or ("",))[0]
        try:
            user, key = identify(
                authorization=headers.get("authorization", ""), session_key=session_key, address=address
            )
        except NotAuthenticated:
            throttling.count("address", address)
            raise
        self.badge = badge(user, key, session_key)
        if not self._person:
            throttling.count(*throttling.caller(user, key, address))
            self.mark = self.badge.mark(marks([self.badge]))
        streams.hold(str(user.pk), self._id)
        self._person = str(user.pk)
        return user, key

    async def _serve_and_close(self) -> None:
        started = time.monotonic()
        with scope.bound(scope.request_id, uuid4().hex), scope.bound(scope.tenant, self.tenant.schema_name):
            code, reason = await self._serve_for_a_reason()
            facts = {"route": self.scope.get("path"), "code": code, "ms": round((time.monotonic() - started) * 1000, 1)}
            logger.info("socket", extra=facts)
        if code != GONE:
            await self.close(code, reason[:120])

    async def _serve_for_a_reason(self) -> tuple[int, str]:
        try:
            async with watching(self.tenant):
                await self.serve()
        except NexodError as error:
            return code_of(error), error.message
        except asyncio.CancelledError:
            return GONE, ""
        except Exception:
            logger.exception("A socket failed in a way that nobody foresaw")
            return BROKEN, ""
        finally:
            if self._person:
                streams.let_go_soon(self._person, self._id)
        return DONE, ""


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found else None
