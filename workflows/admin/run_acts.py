"""What people do with a run from its page: cancel, pause, resume. A script gets the outcome as JSON, a form the page again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError
from workflows.actions.pauses import pause_run
from workflows.actions.runs import cancel_run, resume_run
from workflows.models import Run


@tenant_site.page("workflows/run/<uuid:run_id>/cancel/", "run_cancel")
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask the run to stop."""
    return _act(request, run_id, cancel_run, "Cancelled.", "The run is being cancelled.")


@tenant_site.page("workflows/run/<uuid:run_id>/pause/", "run_pause")
@require_POST
def pause(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ask the run to stop before its next step."""
    return _act(request, run_id, pause_run, "Paused.", "The run stops before its next step and waits for you.")


@tenant_site.page("workflows/run/<uuid:run_id>/resume/", "run_resume")
@require_POST
def resume(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Let the run go on where it stopped."""
    return _act(
        request, run_id, resume_run, "Resumed.", "The run goes on where it stopped; what was done is not done again."
    )


def _act(request: HttpRequest, run_id: UUID, action: Callable[..., Any], log: str, said: str) -> HttpResponse:
    run = get_object_or_404(Run, pk=run_id)
    wants_json = "application/json" in request.headers.get("Accept", "")
    try:
        action(actor=actor_of(request), run=run)
    except NexodError as error:
        if wants_json:
            return JsonResponse({"said": error.message}, status=error.status)
        tell(request, error)
    else:
        tenant_site._registry[Run].log_change(request, run, log)
        if wants_json:
            return JsonResponse({"said": said})
        messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:workflows_run_change", args=(run_id,)))
