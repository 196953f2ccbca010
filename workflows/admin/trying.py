"""The page that tries a workflow's draft: sample inputs, and for chosen steps the output that they are to give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.fields import read_json
from nexod.admin.refusals import problems
from nexod.admin.schema_form import InputForm
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.tries import try_workflow
from workflows.admin.graph import picture
from workflows.admin.importing import told
from workflows.definitions import DefinitionInvalid
from workflows.models import Run, Step, Workflow

Json = dict[str, Any]
MOST_SHOWN = 150
ROUTES = ("error", "")


@dataclass(slots=True)
class Pin:
    """One step on the page: whether it is pinned, the text of its output, its route, what is wrong with it."""

    node: str
    title: str
    type: str
    routes: list[str]
    text: str = "{}"
    route: str = ""
    is_pinned: bool = False
    problem: str = ""


@tenant_site.page("workflows/workflow/<uuid:workflow_id>/try/", "workflow_try")
def try_page(request: HttpRequest, workflow_id: UUID) -> HttpResponse:
    """Show the form, or start the try and go to its run."""
    workflow = get_object_or_404(Workflow, pk=workflow_id)
    if not (may(request, "workflows.run_workflow") and may(request, "workflows.change_workflow")):
        raise PermissionDenied("Your role does not try drafts.")
    draft = workflow.versions.filter(number=0).first()
    definition = draft.definition if draft else {}
    former = _former(request, workflow)
    pins = [_pin(node, definition, _outputs(former), former) for node in definition.get("nodes", [])[:MOST_SHOWN]]
    pins = [pin for pin in pins if pin.type != "note"]
    posted = request.POST if request.method == "POST" else None
    form = InputForm(definition.get("inputs") or {}, posted, former.inputs if former else None)
    if posted is not None and draft and _read(posted, pins) and form.is_valid():
        given = {pin.node: _given(pin) for pin in pins if pin.is_pinned}
        try:
            run = try_workflow(actor=actor_of(request), workflow=workflow, inputs=form.inputs(), pins=given)
            return HttpResponseRedirect(reverse("admin:workflows_run_change", args=(run.pk,)))
        except NexodError as error:
            _refuse(form, pins, error)
    page = {
        "title": f"Try the draft of {workflow}",
        "form": form,
        "pins": pins,
        "draft": draft,
        "graph": picture(definition),
        "opts": workflow._meta,
        "original": workflow,
    }
    return tenant_site.render(request, "nexod/workflows/try.html", page)


def _former(request: HttpRequest, workflow: Workflow) -> Run | None:
    """Return the run whose inputs and outputs are the samples: the one that was named, else the newest."""
    if not may(request, "workflows.view_run"):
        return None
    runs = Run.objects.filter(workflow=workflow).order_by("-created_at")
    wanted = request.GET.get("from")
    return runs.filter(pk=row_id(wanted)).first() if wanted else runs.first()


def _outputs(run: Run | None) -> dict[str, Step]:
    """Return the newest step of each node that was completed, and those that the run had pinned as they were."""
    if run is None:
        return {}
    steps = run.steps.filter(status=Step.Status.COMPLETED, superseded=False).order_by("created_at")
    return {step.node: step for step in steps}


def _pin(node: Json, definition: Json, given: dict[str, Step], former: Run | None) -> Pin:
    id_ = node["id"]
    edges = [edge.get("when", "") for edge in definition.get("edges", []) if edge["from"] == id_]
    routes = [route for route in dict.fromkeys(edges) if route not in ROUTES]
    pin = Pin(id_, node.get("title") or id_, node["type"], routes)
    pin.is_pinned = former is not None and id_ in former.pins
    if step := given.get(id_):
        pin.text = json.dumps(step.output or {}, indent=2, ensure_ascii=False)
        pin.route = step.route if step.route in routes else ""
    return pin


def _read(posted: Any, pins: list[Pin]) -> bool:
    """Take in what was given for each step; False when one of them cannot be read."""
    for pin in pins:
        pin.is_pinned = posted.get(f"pin-{pin.node}") == "on"
        pin.text = posted.get(f"output-{pin.node}", pin.text)
        pin.route = posted.get(f"route-{pin.node}", "")
        if pin.is_pinned:
            try:
                read_json(pin.text)
            except forms.ValidationError as error:
                pin.problem = " ".join(error.messages)
    return not any(pin.problem for pin in pins)


def _given(pin: Pin) -> Json:
    return {"output": read_json(pin.text), **({"route": pin.route} if pin.route else {})}


def _refuse(form: InputForm, pins: list[Pin], error: NexodError) -> None:
    """Say what was refused at its input or its step, else above the form."""
    if isinstance(error, DefinitionInvalid) or isinstance(error.details, dict):
        for text in told(error):
            form.add_error(None, text)
        return
    at = {f"pins.{pin.node}": pin for pin in pins}
    rest = []
    for field, message in problems(error):
        if field in at:
            at[field].problem = message
        else:
            rest.append({"field": field, "message": message})
    form.refuse(rest)
