"""The WebSocket door: the host decides the tenant, the page must come from the same host, and no consumer keeps a place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http.request import validate_host

from nexod.kernel.errors import NexodError
from tenants.context import Place, on_platform
from tenants.entry.claims import require_no_choice, require_one_host
from tenants.entry.hosts import normalised, place_of

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
REFUSED = {"type": "websocket.close", "code": 4404, "reason": "refused"}


class TenantSocket:
    """ASGI middleware that adds ``scope["tenant"]``; refuses unknown hosts, suspended tenants, foreign origins, and whoever names a
    tenant otherwise.

    A program that sends no Origin is let through: it authenticates itself, it cannot ride on a browser's cookie.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or run the application with the tenant in its scope."""
        place = await self._place(scope)
        if place is None or place.tenant is None:
            await send(REFUSED)
            return
        await self.app({**scope, "tenant": place.tenant}, receive, send)

    async def _place(self, scope: Scope) -> Place | None:
        headers = [(name.decode("latin1").lower(), value.decode("latin1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == "host"]
        origins = [value for name, value in headers if name == "origin"]
        try:
            host = require_one_host(",".join(hosts))
            if origins and [urlsplit(origin).netloc.lower() for origin in origins] != [host.lower()]:
                return None
            if not validate_host(normalised(host), settings.ALLOWED_HOSTS):
                return None
            parameters = parse_qs(scope["query_string"].decode("latin1"), keep_blank_values=True)
            require_no_choice(parameters=parameters, headers=[name for name, _ in headers])
            return await on_platform(place_of, host)
        except (NexodError, ValueError):  # ValueError: an address that is none, or too many parameters
            return None
