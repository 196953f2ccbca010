"""The numbers beside the entries of the sidebar; zero shows nothing."""

from __future__ import annotations

from django.http import HttpRequest

from nexod.admin.actors import actor_of, may
from workflows.approvals.people import decidable_by
from workflows.models import Run


def pending_approvals(request: HttpRequest) -> str:
    """Return how many approvals wait for this person."""
    return _shown(decidable_by(actor_of(request)).count()) if may(request, "workflows.decide_approval") else ""


def active_runs(request: HttpRequest) -> str:
    """Return how many runs are at work."""
    if not may(request, "workflows.view_run"):
        return ""
    return _shown(Run.objects.filter(status__in=(Run.Status.PENDING, Run.Status.RUNNING)).count())


def _shown(number: int) -> str:
    return "" if not number else "99+" if number > 99 else str(number)
