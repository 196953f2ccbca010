"""Addresses of the web sockets."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path

from collaboration.consumers.codes import MISSING
from collaboration.consumers.document import DocumentConsumer
from collaboration.consumers.run import RunConsumer
from collaboration.consumers.workspace import WorkspaceConsumer


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Refuse the handshake at an address that nobody serves."""
    await receive()
    await send({"type": "websocket.close", "code": MISSING})


# ASGI applications stand where Django expects views, which its types do not know.
_nowhere: Any = nowhere
_document: Any = DocumentConsumer.as_asgi()
_run: Any = RunConsumer.as_asgi()
_workspace: Any = WorkspaceConsumer.as_asgi()
urlpatterns: list[Any] = [
    path("ws/documents/<str:name>/", _document),
    # y-websocket puts its room's name at the end, without a slash.
    path("ws/documents/<str:name>", _document),
    path("ws/runs/<uuid:run_id>/", _run),
    path("ws/workspace/", _workspace),
]
routes: list[Any] = [*urlpatterns, re_path("", _nowhere)]
