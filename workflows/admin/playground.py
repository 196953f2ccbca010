"""Try an agent: give it a task, watch it think, and compare two versions or models side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from agents.models import Agent, AgentVersion, ModelConnection
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.refusals import problems
from nexod.admin.schema_form import InputForm
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.single import agent_definition
from workflows.actions.tries import start_try
from workflows.admin.trace import trace_context
from workflows.models import Run

Json = dict[str, Any]
VERSIONS_OFFERED = 50
SIDES = ("run", "other")


class SideForm(forms.Form):
    """Which version thinks with which model."""

    version = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())
    model = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget())

    def __init__(self, agent: Agent, versions: list[int], models: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        now = [("", f"As it is now (version {agent.version})" if agent.version else "As it is now")]
        offered = self.fields["version"], self.fields["model"]
        for field, choices in zip(
            offered, ([*now, *((str(number), f"Version {number}") for number in versions)], models), strict=True
        ):
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def chosen(self) -> Json:
        """Return what ``start_try`` takes."""
        connection, _, model = self.cleaned_data["model"].partition("/")
        return {"version": int(self.cleaned_data["version"] or 0), "connection": connection, "model": model}


class CompareForm(forms.Form):
    """Whether there are two sides."""

    both = forms.BooleanField(required=False, label="Compare with another", widget=UnfoldBooleanSwitchWidget())


@tenant_site.page("agents/agent/<uuid:agent_id>/try/", "agent_try")
def playground(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Show the form and the tries that the address names; or start them and go there."""
    if not (may(request, "agents.run_agent") and may(request, "agents.view_agent")):
        raise PermissionDenied("Your role does not run agents.")
    agent = get_object_or_404(Agent.objects.select_related("connection"), pk=agent_id)
    shown = [run for run in (_named(request, agent, side) for side in SIDES) if run is not None]
    desk = _Desk(request, agent, shown[0] if shown else None)
    if request.method == "POST" and desk.is_valid():
        try:
            runs = desk.start()
        except NexodError as error:
            desk.refuse(error)
        else:
            query = "&".join(f"{side}={run.pk}" for side, run in zip(SIDES, runs, strict=False))
            return HttpResponseRedirect(f"{reverse('admin:agent_try', args=(agent.pk,))}?{query}")
    page = {
        "title": f"Try {agent}",
        "panes": [trace_context(run) for run in shown],
        "desk": desk,
        "opts": agent._meta,
        "original": agent,
        "is_fullwidth": "1",
    }
    return tenant_site.render(request, "nexod/agents/playground.html", page)


class _Desk:
    """The forms of the page."""

    def __init__(self, request: HttpRequest, agent: Agent, former: Run | None) -> None:
        self.request, self.agent = request, agent
        data = request.POST if request.method == "POST" else None
        versions = list(AgentVersion.objects.filter(agent=agent).order_by("-number").values_list("number", flat=True))
        offered = agent, versions[:VERSIONS_OFFERED], _models()
        asked = request.GET.get("version", "")
        self.task = InputForm(agent_definition(agent)["inputs"], data, former.inputs if former else None)
        self.first = SideForm(*offered, data=data, prefix="first", initial={"version": asked, **_choice(former)})
        self.second = SideForm(*offered, data=data, prefix="second")
        self.compare = CompareForm(data, initial={"both": False})

    def is_valid(self) -> bool:
        """Say whether everything can be read."""
        return all(form.is_valid() for form in (self.task, self.first, self.second, self.compare))

    def start(self) -> list[Run]:
        """Start the tries."""
        sides = [self.first, *([self.second] if self.compare.cleaned_data["both"] else [])]
        actor, inputs = actor_of(self.request), self.task.inputs()
        return [start_try(actor=actor, agent=self.agent, inputs=inputs, **side.chosen()) for side in sides]

    def refuse(self, error: NexodError) -> None:
        """Show why nothing was started."""
        if isinstance(error.details, dict):
            self.task.add_error(None, error.message)
        else:
            self.task.refuse([{"field": field, "message": message} for field, message in problems(error)])


def _models() -> list[tuple[str, str]]:
    """Return every model of every connection as ``connection/model``."""
    found = [("", "Its own model")]
    for connection in ModelConnection.objects.order_by("name"):
        names = connection.model_names or [""]
        found += [(f"{connection.slug}/{name}", " · ".join(filter(None, (connection.name, name)))) for name in names]
    return found


def _choice(former: Run | None) -> Json:
    """Return what the former try thought with, to begin with the same."""
    if former is None:
        return {}
    config = former.definition["nodes"][0]["config"]
    model = config.get("model")
    newest = former.agent is not None and config.get("version") == former.agent.version
    return {
        "version": "" if newest else str(config.get("version", "")),
        "model": f"{model['connection']}/{model['model']}" if model else "",
    }


def _named(request: HttpRequest, agent: Agent, side: str) -> Run | None:
    """Return the try that the address names, of this agent and no other."""
    asked = request.GET.get(side)
    if not asked or not may(request, "workflows.view_run"):
        return None
    return Run.objects.select_related("agent").filter(pk=row_id(asked), agent=agent).first()
