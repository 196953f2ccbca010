"""A version of an agent: what it said, what it changed, and the way back to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents.actions.agent_versions import restore_version
from agents.differences import changes
from agents.models import Agent, AgentVersion
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied

PATH = "agents/agent/<uuid:agent_id>/versions/<int:number>/"


@tenant_site.page(PATH, "agent_version")
def version(request: HttpRequest, agent_id: UUID, number: int) -> HttpResponse:
    """Show how a version differs from an earlier one: the one before, or ``?since=``."""
    if not may(request, "agents.view_agentversion"):
        raise PermissionDenied
    rows = AgentVersion.objects.filter(agent_id=agent_id)
    found = get_object_or_404(rows.select_related("agent", "author").prefetch_related("contributors"), number=number)
    numbers = list(rows.order_by("-number").values_list("number", flat=True))
    since = _since(request, numbers, number)
    earlier = rows.get(number=since) if since else None
    page: dict[str, Any] = {
        "title": str(found),
        "version": found,
        "since": since,
        "others": [other for other in numbers if other != number],
        "changes": changes(earlier.content if earlier else {}, found.content),
        "is_newest": found.number == found.agent.version,
        "may_restore": found.number != found.agent.version and may(request, "agents.change_agent"),
        "opts": found.agent._meta,
        "original": found.agent,
    }
    return tenant_site.render(request, "nexod/agents/version.html", page)


@tenant_site.page(f"{PATH}restore/", "agent_version_restore")
@require_POST
def restore(request: HttpRequest, agent_id: UUID, number: int) -> HttpResponse:
    """Make the agent what it was."""
    agent = get_object_or_404(Agent, pk=agent_id)
    try:
        agent = restore_version(actor=actor_of(request), agent=agent, number=number)
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(reverse("admin:agent_version", args=(agent_id, number)))
    messages.success(request, f"The agent is as in version {number} again; that is version {agent.version}.")
    return HttpResponseRedirect(reverse("admin:agents_agent_change", args=(agent_id,)))


def _since(request: HttpRequest, numbers: list[int], number: int) -> int:
    """Return the version to compare with; 0 is none."""
    asked = request.GET.get("since", "")
    if asked.isdecimal() and len(asked) < 10 and int(asked) in numbers:
        return int(asked)
    return max((other for other in numbers if other < number), default=0)
