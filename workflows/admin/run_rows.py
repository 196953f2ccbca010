"""The rows of the list of runs as they are now, for a list that somebody looks at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.models import Run

MOST = 100
CELLS = ("state", "reason", "took", "tokens", "cost")
NEEDED = (
    "id", "status", "waiting_for", "error", "seconds", "tokens_in", "tokens_out", "cost_usd", "cancel_requested",
    "pause_requested",
)  # fmt: skip


@tenant_site.page("workflows/run/rows/", "run_rows")
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """Answer, in one statement, with the cells that change of the runs ``?id=`` (often): ``{"rows": {id: {cell: html}}}``."""
    if not may(request, "workflows.view_run"):
        raise PermissionDenied
    shown: Any = tenant_site._registry[Run]
    found = Run.objects.filter(pk__in=_ids(request.GET.getlist("id")[:MOST])).only(*NEEDED).order_by()
    cells = {
        str(run.pk): {cell: str(getattr(shown, cell)(run)) for cell in CELLS} | {"over": run.is_over} for run in found
    }
    return JsonResponse({"rows": cells})


def _ids(given: Iterable[str]) -> list[UUID]:
    found = []
    for text in given:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
