"""What every process that serves asks before it does: are the databases such that both walls hold?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from tenants.backend.startup import refuse_unsafe_databases

Message = dict[str, Any]


class Lifespan:
    """ASGI's start and end of a server: one whose databases are not safe never takes a request."""

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Answer the server's two questions."""
        await receive()
        try:
            await sync_to_async(refuse_unsafe_databases, thread_sensitive=False)()
        except ImproperlyConfigured as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


def leave_unsafe_databases(**_: Any) -> None:
    """End a worker before it takes a message: Celery only logs what a signal's receiver raises otherwise."""
    try:
        refuse_unsafe_databases()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None
