"""What people decided in a run, each with the way to its record, and the record of all to take away."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.models import Approval, Run

SHOWN = 100


@tenant_site.page("workflows/run/<uuid:run_id>/decisions/", "run_decisions")
@require_GET
def decisions(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the run's approvals that are over, the newest first."""
    if not (may(request, "workflows.view_run") and may(request, "workflows.view_approval")):
        raise PermissionDenied
    run = get_object_or_404(Run.objects.only("id"), pk=run_id)
    rows = run.approvals.exclude(status=Approval.Status.PENDING).select_related("decided_by")
    shown = rows.only("title", "status", "decision", "comment", "decided_at", "decided_by").order_by(
        "-decided_at", "-id"
    )
    context = {"run": run, "approvals": shown[:SHOWN], "file": reverse("approval-record", args=(run.pk,))}
    return render(request, "nexod/runs/decisions.html", context)
