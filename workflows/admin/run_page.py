"""What the page of a run shows. The page and what refreshes it are made of the same parts, so that they cannot differ."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string

from nexod.admin.actors import actor_of, may, roles_of
from workflows.actions.approvals import offered
from workflows.admin.graph import picture
from workflows.admin.timeline import told
from workflows.models import Approval, Artifact, Run, RunEvent, Step

Json = dict[str, Any]
PARTS = ("head", "approval", "result", "graph", "steps")
EVENTS_SHOWN = 200
HEAVY = ("inputs", "output")
SHOWN_BYTES = 100_000


def run_context(request: HttpRequest, run_id: UUID | str, *, after: int = 0, every: bool = False) -> Json:
    """Return everything that the parts show; ``after`` leaves out events that the page has already."""
    artifacts = Prefetch("artifacts", Artifact.objects.defer("content").order_by("created_at"))
    run = (
        Run.objects.select_related("workflow", "started_by", "version")
        .prefetch_related(artifacts)
        .filter(pk=run_id)
        .first()
    )
    if run is None:
        raise Http404("There is no such run here.")
    steps = list(run.steps.defer(*HEAVY))
    standing = [step for step in steps if not step.superseded]
    latest = {step.node: step.pk for step in standing}
    approval = run.approvals.select_related("step").filter(status=Approval.Status.PENDING).first()
    return {
        "run": run,
        "steps": steps,
        "latest": set(latest.values()),
        "shown": _shown(run),
        "undoing": _undoing(run, steps),
        "graph": picture(run.definition, standing, linked=True),
        "approval": approval,
        "decisions": offered(approval) if approval else (),
        "may_decide": bool(approval) and may_decide(request, approval),
        "may_cancel": not run.is_over and may(request, "workflows.cancel_run"),
        "may_pause": not run.is_over and may(request, "workflows.pause_run"),
        "may_resume": run.status == Run.Status.FAILED and may(request, _permission(run)),
        "may_unpause": run.pause_requested and may(request, _permission(run)),
        "may_again": bool(run.is_over and _target_of(run)) and may(request, _permission(run)),
        "target": _target_of(run),
        **_events(run, after, every),
    }


def may_decide(request: HttpRequest, approval: Approval | None) -> bool:
    """Say whether the person's role may decide this approval; the action asks again."""
    if approval is None or not may(request, "workflows.decide_approval"):
        return False
    roles = roles_of(request)
    return bool(actor_of(request).is_superuser or "owner" in roles or roles & set(approval.roles))


def rendered_parts(request: HttpRequest, context: Json) -> dict[str, str]:
    """Return the HTML of each part."""
    return {part: render_to_string(f"nexod/runs/{part}.html", context, request) for part in PARTS}


def _events(run: Run, after: int, every: bool) -> Json:
    found = RunEvent.objects.filter(run=run, seq__gt=after).order_by("-seq")
    rows = list(found if every else found[:EVENTS_SHOWN])
    earlier = rows[-1].seq - 1 - after if rows else 0
    titles = {node["id"]: node.get("title") or node["id"] for node in run.definition.get("nodes", [])}
    return {
        "events": [told(row, titles) for row in rows],
        "last_seq": rows[0].seq if rows else after,
        "earlier": earlier,
    }


def _undoing(run: Run, steps: list[Step]) -> Json | None:
    """Return what was undone and what was not, by the titles of the steps."""
    if run.compensation is None:
        return None
    titles = {str(step.pk): step.title or step.node for step in steps}
    undone = [titles.get(found["step"], found["node"]) for found in run.compensation.get("undone", [])]
    left = [
        (titles.get(found["step"], found["node"]), found["reason"]) for found in run.compensation.get("not_undone", [])
    ]
    return {"over": run.compensation["over"], "undone": ", ".join(undone), "left": left}


def _shown(run: Run) -> Artifact | None:
    """Return the document of a run that is over, when it is one that can be read right on the page."""
    found = [artifact for artifact in run.artifacts.all() if artifact.media_type == "text/markdown"]
    return found[-1] if run.is_over and found and found[-1].bytes <= SHOWN_BYTES else None


def _permission(run: Run) -> str:
    kinds = {Run.Kind.AGENT: "agents.run_agent", Run.Kind.CREW: "agents.run_crew"}
    return kinds.get(Run.Kind(run.kind), "workflows.run_workflow")


def _target_of(run: Run) -> Any:
    """Return what was run, if it is still there."""
    return {Run.Kind.AGENT: run.agent, Run.Kind.CREW: run.crew}.get(Run.Kind(run.kind), run.workflow)


def step_of(run_id: UUID, step_id: UUID) -> Step:
    """Return a step with its inputs and output."""
    step = Step.objects.filter(pk=step_id, run_id=run_id).first()
    if step is None:
        raise Http404("There is no such step here.")
    return step
