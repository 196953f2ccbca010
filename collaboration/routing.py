"""Addresses of the web sockets."""

from __future__ import annotations

from django.urls import path

from collaboration.consumers.run import RunConsumer
from collaboration.consumers.workspace import WorkspaceConsumer

# Channels routes ASGI applications where Django expects views.
urlpatterns = [
    path("ws/runs/<uuid:run_id>/", RunConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/workspace/", WorkspaceConsumer.as_asgi()),  # type: ignore[arg-type]
]
