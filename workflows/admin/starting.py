"""The page that starts a run of a workflow, an agent or a crew: a form made from what it takes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from agents.models import Agent, Crew
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.refusals import problems
from nexod.admin.schema_form import InputForm
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.runs import start_run
from workflows.actions.single import agent_definition, crew_definition
from workflows.admin.graph import picture
from workflows.models import Run, Workflow

PERMISSIONS = {"workflow": "workflows.run_workflow", "agent": "agents.run_agent", "crew": "agents.run_crew"}


@tenant_site.page("start/<str:kind>/<slug:slug>/", "start_run")
def start(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    """Show the form, or start the run and go to its page."""
    if kind not in PERMISSIONS:
        raise Http404
    if not may(request, PERMISSIONS[kind]):
        raise PermissionDenied("Your role does not run this.")
    target, definition = _target(kind, slug)
    schema = (definition or {}).get("inputs") or {}
    given = request.POST if request.method == "POST" else None
    form = InputForm(schema, given, _former_inputs(request))
    if request.method == "POST" and definition and form.is_valid():
        try:
            run = start_run(actor=actor_of(request), inputs=form.inputs(), **{kind: target})
        except NexodError as error:
            _refuse(form, error)
        else:
            return HttpResponseRedirect(reverse("admin:workflows_run_change", args=(run.pk,)))
    return tenant_site.render(request, "nexod/runs/start.html", _context(kind, target, definition, form))


def _target(kind: str, slug: str) -> tuple[Any, dict[str, Any] | None]:
    """Return the row and what a run of it would execute; None when a workflow has nothing published."""
    if kind == "agent":
        agent = get_object_or_404(Agent, slug=slug)
        return agent, agent_definition(agent)
    if kind == "crew":
        crew = get_object_or_404(Crew.objects.select_related("manager"), slug=slug)
        return crew, crew_definition(crew)
    workflow = get_object_or_404(Workflow.objects.select_related("published"), slug=slug)
    return workflow, workflow.published.definition if workflow.published else None


def _former_inputs(request: HttpRequest) -> dict[str, Any] | None:
    """Return the inputs of the run that is to be run again."""
    former = request.GET.get("from")
    if not former or not may(request, "workflows.view_run"):
        return None
    return Run.objects.filter(pk=row_id(former)).values_list("inputs", flat=True).first()


def _refuse(form: InputForm, error: NexodError) -> None:
    if isinstance(error.details, dict):
        form.add_error(None, error.message)
        return
    form.refuse([{"field": field, "message": message} for field, message in problems(error)])


def _context(kind: str, target: Any, definition: dict[str, Any] | None, form: InputForm) -> dict[str, Any]:
    return {
        "title": f"Run {target}",
        "kind": kind,
        "target": target,
        "definition": definition,
        "form": form,
        "graph": picture(definition) if definition and kind == "workflow" else "",
        "opts": target._meta,
        "original": target,
    }
