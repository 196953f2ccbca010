"""The WebSocket door: the host decides the tenant, the page must come from the same host, and no consumer keeps a place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from nexod.kernel.errors import NexodError
from tenants.context import Place, on_platform
from tenants.entry.hosts import normalised, place_of

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
REFUSED = {"type": "websocket.close", "code": 4404, "reason": "refused"}


class TenantSocket:
    """ASGI middleware that adds ``scope["tenant"]``; refuses unknown hosts, suspended tenants and foreign origins.

    A program that sends no Origin is let through: it authenticates itself, it cannot ride on a browser's cookie.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or run the application with the tenant in its scope."""
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope["headers"]}
        place = await self._place(headers)
        if place is None or place.tenant is None:
            await send(REFUSED)
            return
        await self.app({**scope, "tenant": place.tenant}, receive, send)

    async def _place(self, headers: dict[str, str]) -> Place | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return None
        try:
            return await on_platform(place_of, normalised(host))
        except NexodError:
            return None
