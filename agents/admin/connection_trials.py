"""The page that tests a connection: whether it answers, how quickly, with which models, or what is wrong and what to do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from agents.actions.connections import try_connection
from agents.models import ModelConnection
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.kernel.errors import PermissionDenied


@tenant_site.page("agents/modelconnection/<uuid:connection_id>/test/", "connection_test")
def test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Test it when asked to by POST; show the button before."""
    if not may(request, "agents.change_modelconnection"):
        raise PermissionDenied
    connection = get_object_or_404(ModelConnection, pk=connection_id)
    trial = try_connection(actor=actor_of(request), connection=connection) if request.method == "POST" else None
    page: dict[str, Any] = {
        "title": f"Test of {connection.name}",
        "connection": connection,
        "trial": trial,
        "opts": connection._meta,
        "original": connection,
    }
    return tenant_site.render(request, "nexod/agents/connection_test.html", page)
