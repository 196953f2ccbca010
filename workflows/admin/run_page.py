"""What the page of a run shows. The page and what refreshes it are made of the same parts, so that they cannot differ."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, Min, Prefetch, TextField
from django.db.models.functions import Cast, Left
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from nexod.admin.actors import may
from workflows.admin.approval_cards import cards_of
from workflows.admin.diffs import lines_of
from workflows.admin.graph import picture
from workflows.admin.run_cost import meters
from workflows.admin.run_steps import steps_shown, walked
from workflows.admin.timeline import readable, told
from workflows.errors import CallChanged
from workflows.models import Approval, Artifact, Run, RunEvent, Step

Json = dict[str, Any]
PARTS = ("head", "approval", "result", "graph", "steps")
EVENTS_SHOWN = 100
CARDS_SHOWN = 5
SHOWN_BYTES = 100_000
PREVIEW = 300
# A run's events are numbered by 32 bits.
SEQ_DIGITS = 9


def run_context(request: HttpRequest, run_id: UUID | str) -> Json:
    """Return everything that the parts show.

    The address may narrow it down: ``?after=`` and ``?before=`` numbers of events; ``?steps=``, ``?node=`` as in ``steps_shown``.
    """
    run = _run(run_id)
    steps, far = steps_shown(run, request.GET), walked(run)
    latest = {step.pk for step in far.newest}
    here = {step.node for step in steps.rows if step.pk in latest}
    return {
        "run": run,
        "steps": steps,
        "latest": latest,
        "shown": _shown(run),
        "preview": readable(getattr(run, "inputs_begin", "") or ""),
        "has_outputs": getattr(run, "outputs_begin", None) not in (None, "", "{}"),
        "undoing": _undoing(run),
        "graph": picture(run.definition, far.newest, routes=far.routes, linked=True, near=here),
        "due": _due(run),
        "meters": meters(request, run),
        **_asked(request, run),
        "changed_diff": lines_of(((run.error or {}).get("details") or {}).get("diff", "")) if _is_changed(run) else [],
        "target": _target_of(run),
        **_allowed(request, run),
        **events_shown(run, _number(request, "after"), _number(request, "before")),
    }


def timeline_context(request: HttpRequest, run_id: UUID | str) -> Json:
    """Return the lines of the timeline alone, between ``?after=`` and ``?before=``."""
    run = Run.objects.only("definition").filter(pk=run_id).first()
    if run is None:
        raise Http404("There is no such run here.")
    return events_shown(run, _number(request, "after"), _number(request, "before"))


def rendered_parts(request: HttpRequest, context: Json) -> dict[str, str]:
    """Return the HTML of each part."""
    return {part: render_to_string(f"nexod/runs/{part}.html", context, request) for part in PARTS}


def events_shown(run: Run, after: int = 0, before: int = 0) -> Json:
    """Return the newest events between the two numbers as lines of the timeline, and how many more there are before them."""
    found = RunEvent.objects.filter(run=run, seq__gt=after).order_by("-seq")
    rows = list((found.filter(seq__lt=before) if before else found)[:EVENTS_SHOWN])
    titles = {node["id"]: node.get("title") or node["id"] for node in run.definition.get("nodes", [])}
    return {
        "events": [told(row, titles) for row in rows],
        "last_seq": max(rows[0].seq, after) if rows else after,
        "earlier": rows[-1].seq - 1 - after if rows else 0,
        "earliest": rows[-1].seq if rows else 0,
    }


def _run(run_id: UUID | str) -> Run:
    artifacts = Prefetch("artifacts", Artifact.objects.defer("content").order_by("created_at"))
    rows = Run.objects.select_related("workflow", "agent", "crew", "started_by", "version", "parent__run")
    heavy = ("inputs", "outputs", *(f"parent__{name}" for name in ("inputs", "output")))
    of_parent = (f"parent__run__{name}" for name in ("definition", "inputs", "outputs", "compensation"))
    begin = {name: Left(Cast(F(name), TextField()), PREVIEW) for name in ("inputs", "outputs")}
    found = (
        rows.defer(*heavy, *of_parent, "version__definition")
        .annotate(inputs_begin=begin["inputs"], outputs_begin=begin["outputs"])
        .prefetch_related(artifacts)
        .filter(pk=run_id)
        .first()
    )
    if found is None:
        raise Http404("There is no such run here.")
    return found


def _allowed(request: HttpRequest, run: Run) -> Json:
    """Say what the person may do with the run as it is now; the actions ask again."""
    going, runs_it = not run.is_over, may(request, _permission(run))
    return {
        "may_cancel": going and not run.cancel_requested and may(request, "workflows.cancel_run"),
        "may_pause": going
        and not run.pause_requested
        and not run.cancel_requested
        and may(request, "workflows.pause_run"),
        "may_resume": run.status == Run.Status.FAILED and runs_it,
        "may_unpause": run.pause_requested and going and runs_it,
        "may_again": bool(run.is_over and _target_of(run)) and runs_it,
        "may_save_case": _can_be_case(run) and may(request, "workflows.add_case"),
        "may_see_steps": may(request, "workflows.view_step"),
    }


def _asked(request: HttpRequest, run: Run) -> Json:
    """Return the cards of what the run asks people now, how many more there are than the page bears, and how many are over."""
    if not may(request, "workflows.view_approval"):
        return {"cards": [], "more_cards": 0, "decided": 0}
    decided = run.approvals.exclude(status=Approval.Status.PENDING).count()
    if run.is_over:
        return {"cards": [], "more_cards": 0, "decided": decided}
    cards = cards_of(request, run, next_=reverse("admin:workflows_run_change", args=(run.pk,)))
    return {"cards": cards[:CARDS_SHOWN], "more_cards": max(0, len(cards) - CARDS_SHOWN), "decided": decided}


def _due(run: Run) -> Any:
    """Return when the first of what a waiting run waits for is due, None where nothing has a time."""
    if run.status != Run.Status.WAITING:
        return None
    found = [
        run.waits.open().aggregate(at=Min("due_at"))["at"],
        run.steps.filter(status=Step.Status.WAITING).aggregate(at=Min("retry_at"))["at"],
        run.approvals.pending().aggregate(at=Min("due_at"))["at"],
    ]
    return min((at for at in found if at), default=None)


def _number(request: HttpRequest, name: str) -> int:
    given = request.GET.get(name, "")[:SEQ_DIGITS]
    return int(given) if given.isdecimal() else 0


def _undoing(run: Run) -> Json | None:
    """Return what was undone and what was not, by the titles of the steps."""
    if run.compensation is None:
        return None
    undone, left = run.compensation.get("undone", []), run.compensation.get("not_undone", [])
    ids = [found["step"] for found in (*undone, *left)]
    titles = {str(pk): title or node for pk, title, node in _named(run, ids)}
    return {
        "over": run.compensation["over"],
        "undone": ", ".join(titles.get(found["step"], found["node"]) for found in undone),
        "left": [(titles.get(found["step"], found["node"]), found["reason"]) for found in left],
    }


def _named(run: Run, steps: list[str]) -> Any:
    return run.steps.filter(pk__in=steps).order_by().values_list("pk", "title", "node") if steps else ()


def _shown(run: Run) -> Artifact | None:
    """Return the document of a run that is over, when it is one that can be read right on the page."""
    found = [artifact for artifact in run.artifacts.all() if artifact.media_type == "text/markdown"]
    return found[-1] if run.is_over and found and found[-1].bytes <= SHOWN_BYTES else None


def _can_be_case(run: Run) -> bool:
    return run.status in (Run.Status.COMPLETED, Run.Status.FAILED) and bool(_target_of(run))


def _is_changed(run: Run) -> bool:
    return (run.error or {}).get("code") == CallChanged.code


def _permission(run: Run) -> str:
    kinds = {Run.Kind.AGENT: "agents.run_agent", Run.Kind.CREW: "agents.run_crew"}
    return kinds.get(Run.Kind(run.kind), "workflows.run_workflow")


def _target_of(run: Run) -> Any:
    """Return what was run, if it is still there."""
    return {Run.Kind.AGENT: run.agent, Run.Kind.CREW: run.crew}.get(Run.Kind(run.kind), run.workflow)
