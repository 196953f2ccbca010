"""Addresses of the web sockets."""

from __future__ import annotations

from typing import Any

from django.urls import path

from collaboration.consumers.run import RunConsumer
from collaboration.consumers.workspace import WorkspaceConsumer

# ASGI applications stand where Django expects views, which its types do not know.
_run: Any = RunConsumer.as_asgi()
_workspace: Any = WorkspaceConsumer.as_asgi()
urlpatterns: list[Any] = [
    path("ws/runs/<uuid:run_id>/", _run),
    path("ws/workspace/", _workspace),
]
