"""Failed runs go on after somebody changed something."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.db.models.fields.json import KeyTextTransform
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import problems
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.access import permission_of
from workflows.actions.retries import retry_run
from workflows.admin.retry_form import RetryForm
from workflows.models import Run

MOST_REASONS = 30


@tenant_site.page("workflows/run/<uuid:run_id>/retry/", "run_retry")
def retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Show what can be changed, or let the run go on with the changes."""
    run = get_object_or_404(Run, pk=run_id)
    if not may(request, permission_of(run)):
        raise PermissionDenied("Your role does not run this.")
    page = reverse("admin:workflows_run_change", args=(run.pk,))
    if run.status != Run.Status.FAILED:
        messages.info(request, "The run has not failed, so there is nothing to try again.")
        return HttpResponseRedirect(page)
    posted = request.POST if request.method == "POST" else None
    form = RetryForm(run, posted, origin=request.GET.get("node", ""))
    if posted is not None and form.is_valid() and _done(request, run, form):
        return HttpResponseRedirect(page)
    context = {"title": f"Change and resume {run.title}", "run": run, "form": form, "opts": run._meta, "original": run}
    return tenant_site.render(request, "nexod/runs/retry.html", context)


def _done(request: HttpRequest, run: Run, form: RetryForm) -> bool:
    try:
        retry_run(actor=actor_of(request), run=run, **form.changes())
    except NexodError as error:
        form.refuse(problems(error))
        return False
    tenant_site._registry[Run].log_change(request, run, "Changed and resumed.")
    messages.success(request, "The run goes on.")
    return True


def reasons() -> list[tuple[str, str]]:
    """Return the codes of which runs failed, the most frequent first, with their number."""
    code = KeyTextTransform("code", "error")
    failed = Run.objects.filter(status=Run.Status.FAILED).annotate(code=code).order_by()
    found = failed.values("code").annotate(runs=Count("id")).order_by("-runs", "code")[:MOST_REASONS]
    return [(row["code"], f"{row['code'].replace('_', ' ')} ({row['runs']})") for row in found if row["code"]]
