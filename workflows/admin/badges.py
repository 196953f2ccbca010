"""The numbers beside the entries of the sidebar; zero shows nothing."""

from __future__ import annotations

from django.http import HttpRequest

from nexod.admin.actors import may
from workflows.models import Approval, Run


def pending_approvals(request: HttpRequest) -> str:
    """Return how many approvals wait."""
    return _shown(Approval.objects.pending().count()) if may(request, "workflows.view_approval") else ""


def active_runs(request: HttpRequest) -> str:
    """Return how many runs are at work."""
    if not may(request, "workflows.view_run"):
        return ""
    return _shown(Run.objects.filter(status__in=(Run.Status.PENDING, Run.Status.RUNNING)).count())


def _shown(number: int) -> str:
    return "" if not number else "99+" if number > 99 else str(number)
