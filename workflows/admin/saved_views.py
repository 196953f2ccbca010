"""Saved views in the admin: the row of them above a list, and what keeps and forgets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError
from workflows.actions.saved_views import LEFT_OUT, SHARE, delete_view, save_view
from workflows.models import SavedView

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Offered:
    """One view above the list."""

    name: str
    query: str
    icon: str
    is_here: bool
    view: SavedView | None = None
    may_delete: bool = False


def offered(request: HttpRequest) -> dict[str, Any]:
    """Return what the row above the list of runs shows, in one statement: what everybody has, one's own, what is shared."""
    now = request.GET.copy()
    for name in LEFT_OUT:
        now.pop(name, None)
    here, actor, shares = now.urlencode(), actor_of(request), may(request, SHARE)
    always = (
        ("All", "", "list"),
        ("At work", "status__exact=running", "progress_activity"),
        ("Waiting", "status__exact=waiting", "pause_circle"),
        ("Failed", "status__exact=failed", "error"),
        ("Started by me", f"started_by__id__exact={actor.pk}", "person"),
    )
    views = SavedView.objects.offered_to(actor, SavedView.Page.RUNS).select_related("owner")[:SHOWN]
    rows = [Offered(name, query, icon, query == here) for name, query, icon in always]
    for view in views:
        own = view.owner_id == actor.pk
        icon = "group" if view.is_shared else "bookmark"
        rows.append(Offered(view.name, view.query, icon, view.query == here, view, own or shares))
    return {
        "views": rows,
        "view_query": here,
        "may_share": shares,
        "may_save": bool(here) and not any(one.is_here for one in rows),
    }


@tenant_site.page("workflows/run/views/", "run_views")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is shown."""
    query = request.POST.get("query", "")
    try:
        view = save_view(
            actor=actor_of(request),
            name=request.POST.get("name", ""),
            query=query,
            is_shared=request.POST.get("is_shared") == "on",
        )
    except NexodError as error:
        tell(request, error)
        return _back("")
    messages.success(request, f"“{view.name}” is kept{' for everybody' * view.is_shared}.")
    return _back(view.query)


@tenant_site.page("workflows/run/views/<uuid:view_id>/delete/", "run_view_delete")
@require_POST
def delete(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Forget a view."""
    view = SavedView.objects.offered_to(actor_of(request), SavedView.Page.RUNS).filter(pk=view_id).first()
    if view is None:
        raise Http404("There is no such view here.")
    try:
        delete_view(actor=actor_of(request), view=view)
    except NexodError as error:
        tell(request, error)
    else:
        messages.success(request, f"“{view.name}” is forgotten.")
    return _back("")


def _back(query: str) -> HttpResponse:
    address = reverse("admin:workflows_run_changelist")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)
