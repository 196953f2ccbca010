"""The page on which a run is watched, and what keeps it fresh."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from nexod.admin import states, tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.admin.run_page import rendered_parts, run_context, timeline_context

# Unfold's own scripts stand in the page and compile themselves; nothing comes from anywhere else, and nothing goes there.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def run_page(request: HttpRequest, run_id: UUID, options: Any) -> HttpResponse:
    """Return the run's page as it is now; its scripts go on from there."""
    context = run_context(request, run_id)
    run = context["run"]
    page = {**context, "title": run.title, "original": run, "opts": options, "is_fullwidth": "1"}
    answer = tenant_site.render(request, "nexod/runs/page.html", page)
    answer["Content-Security-Policy"] = POLICY
    return answer


@tenant_site.page("workflows/run/<uuid:run_id>/live/", "run_live")
@require_GET
def live(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the page's parts as they are now, and the lines of the timeline beyond ``after``.

    With ``gap`` there were more lines than are shown at once: those that the page has do not join on to these.
    """
    _require_view(request)
    context = run_context(request, run_id)
    run = context["run"]
    return JsonResponse(
        {
            "parts": rendered_parts(request, context),
            **_lines(request, context),
            "gap": bool(context["earlier"]),
            "seq": context["last_seq"],
            "over": run.is_over,
            "status": run.status,
            "title": f"{states.word(run.status)} · {run.title}",
        }
    )


@tenant_site.page("workflows/run/<uuid:run_id>/lines/", "run_lines")
@require_GET
def lines(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the lines of the timeline ``?before=`` a number."""
    _require_view(request)
    return JsonResponse(_lines(request, timeline_context(request, run_id)))


def _lines(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    html = render_to_string("nexod/runs/lines.html", context, request)
    return {"lines": html, "earlier": context["earlier"], "earliest": context["earliest"]}


def _require_view(request: HttpRequest) -> None:
    if not may(request, "workflows.view_run"):
        raise PermissionDenied
