"""The gallery of starters: ready-made workflows, crews and agents, installed with one press."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from agents import starters as ready_made
from agents.actions.starters import install_ready_made
from agents.actions.starters import installed as ready_made_installed
from agents.models import KnowledgeBase, ModelConnection
from agents.tools.registry import tool
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may, row_id
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError, PermissionDenied
from workflows.actions.starters import install_starter
from workflows.admin.graph import picture
from workflows.models import Workflow
from workflows.starters import all_starters


class InstallForm(forms.Form):
    """Which knowledge base takes the place of the starter's own."""

    knowledge_base = forms.ModelChoiceField(
        KnowledgeBase.objects.all(), required=False, empty_label="A new one", widget=UnfoldAdminSelectWidget()
    )


class ReadyMadeForm(forms.Form):
    """What the agents think with, and what they may look things up in."""

    connection = forms.ModelChoiceField(
        ModelConnection.objects.all(),
        required=False,
        label="Thinks with",
        empty_label="The workspace's default model",
        widget=UnfoldAdminSelectWidget(),
    )
    knowledge_base = forms.ModelChoiceField(
        KnowledgeBase.objects.all(),
        required=False,
        label="Looks things up in",
        empty_label="Nothing yet",
        widget=UnfoldAdminSelectWidget(),
    )


@tenant_site.page("workflows/starters/", "starters")
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every starter with its drawing, and what of it is installed."""
    if not may(request, "workflows.view_workflow"):
        raise PermissionDenied
    installed = {row.starter: row for row in Workflow.objects.exclude(starter="")}
    cards = [
        {
            "starter": starter,
            "graph": picture(starter.definition),
            "installed": installed.get(starter.slug),
            "form": InstallForm(auto_id=f"id_{starter.slug}_%s"),
        }
        for starter in all_starters()
    ]
    page = {
        "title": "Starters",
        "cards": cards,
        "teams": _teams() if may(request, "agents.view_agent") else [],
        "may_install": may(request, "workflows.add_workflow"),
        "may_make_agents": may(request, "agents.add_agent") and may(request, "agents.add_crew"),
        "is_connected": ModelConnection.objects.filter(is_default=True).exists(),
        "opts": Workflow._meta,
    }
    return tenant_site.render(request, "nexod/workflows/starters.html", page)


@tenant_site.page("workflows/starters/<slug:starter>/install/", "starter_install")
@require_POST
def install(request: HttpRequest, starter: str) -> HttpResponse:
    """Install by the action and go to the workflow."""
    chosen = request.POST.get("knowledge_base") or None
    base = get_object_or_404(KnowledgeBase, pk=row_id(chosen)) if chosen else None
    try:
        workflow = install_starter(actor=actor_of(request), starter=starter, knowledge_base=base)
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(reverse("admin:starters"))
    tenant_site._registry[Workflow].log_addition(request, workflow, f"Installed from the starter {starter}.")
    messages.success(request, f"{workflow} is installed and published.")
    return HttpResponseRedirect(reverse("admin:workflows_workflow_change", args=(workflow.pk,)))


@tenant_site.page("agents/starters/<slug:starter>/install/", "ready_made_install")
@require_POST
def install_team(request: HttpRequest, starter: str) -> HttpResponse:
    """Install a crew or an agent by the action and go to it."""
    found = ready_made.get(starter)
    form = ReadyMadeForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return HttpResponseRedirect(reverse("admin:starters"))
    try:
        installed = install_ready_made(actor=actor_of(request), starter=starter, **form.cleaned_data)
    except NexodError as error:
        tell(request, error)
        return HttpResponseRedirect(reverse("admin:starters"))
    row = installed.row
    if installed.made:
        tenant_site._registry[type(row)].log_addition(request, row, f"Installed from the starter {starter}.")
    messages.success(request, " ".join([f"{row} is installed.", *found.hints]))
    return HttpResponseRedirect(reverse(f"admin:agents_{row._meta.model_name}_change", args=(row.pk,)))


def _teams() -> list[dict[str, Any]]:
    present = ready_made_installed()
    return [
        {
            "starter": starter,
            "installed": present.get(starter.slug),
            "tools": sorted({tool(each["tool"]).title for agent in starter.agents for each in agent["tools"]}),
            "form": ReadyMadeForm(auto_id=f"id_{starter.slug}_%s"),
        }
        for starter in ready_made.all_starters()
    ]
