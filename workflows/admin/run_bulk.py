"""Many runs at once, from their list: cancelled or let go on, with the outcome of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.kernel.errors import NexodError
from workflows.actions.retries import retry_run
from workflows.actions.runs import cancel_run
from workflows.models import Run

MOST = 200
HEAVY = ("definition", "inputs", "outputs", "compensation")


@dataclass(frozen=True, slots=True)
class Bulk:
    """One thing that is done to many runs."""

    name: str
    title: str
    about: str
    button: str
    done: str
    act: Callable[..., Any]


CANCEL = Bulk(
    "cancel_many",
    "Cancel",
    "What they have done so far stays, unless their steps say how to undo it. A cancelled run cannot go on.",
    "Cancel them",
    "Is being cancelled",
    cancel_run,
)
RETRY = Bulk(
    "resume_failed",
    "Resume",
    "Each goes on where it failed. What is done already is kept and not paid again.",
    "Resume them",
    "Goes on",
    retry_run,
)


def ask_or_do(request: HttpRequest, chosen: QuerySet[Run], bulk: Bulk) -> HttpResponse:
    """Ask whether it is meant, then do it to each run by itself and say what came of each."""
    runs = list(chosen.defer(*HEAVY).order_by("-created_at", "-id")[: MOST + 1])
    context = {"bulk": bulk, "opts": Run._meta, "left": len(runs) > MOST, "most": MOST, "field": ACTION_CHECKBOX_NAME}
    runs = runs[:MOST]
    if "confirmed" not in request.POST:
        title = f"{bulk.title} {len(runs)} run{'' if len(runs) == 1 else 's'}?"
        return tenant_site.render(request, "nexod/runs/bulk_ask.html", {**context, "title": title, "runs": runs})
    rows = [(run, *_done(request, run, bulk)) for run in runs]
    count = sum(ok for _, ok, _ in rows)
    title = f"{count} of {len(rows)} done"
    return tenant_site.render(request, "nexod/runs/bulk_done.html", {**context, "title": title, "rows": rows})


def _done(request: HttpRequest, run: Run, bulk: Bulk) -> tuple[bool, str]:
    try:
        bulk.act(actor=actor_of(request), run=run)
    except NexodError as error:
        return False, error.message
    tenant_site._registry[Run].log_change(request, run, f"{bulk.done}, with others.")
    return True, bulk.done
