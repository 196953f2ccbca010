"""A consumer sets its tenant when it is connected, on the connection of a thread that all sockets share, and asks later."""

from __future__ import annotations

import threading
from typing import Any

from asgiref.sync import sync_to_async

from tenants.context import enter_tenant, release_connections
from tests.hammer.rooms import notes
from tests.hammer.rooms.socket import RoomConsumer

connection = threading.local()


def plant() -> None:
    serve = RoomConsumer.serve

    async def serve_in_the_tenant(self: RoomConsumer) -> None:
        await sync_to_async(_set)(self.tenant)
        await serve(self)

    RoomConsumer.serve = serve_in_the_tenant  # type: ignore[method-assign]
    RoomConsumer.look = lambda self: sync_to_async(_ask)()  # type: ignore[method-assign,assignment]


def _set(tenant: Any) -> None:
    connection.tenant = tenant


def _ask() -> Any:
    try:
        with enter_tenant(connection.tenant):
            return notes.read()
    finally:
        release_connections()
