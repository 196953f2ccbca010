"""The gallery of starters: ready-made workflows, installed with one press."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from agents.models import KnowledgeBase
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


@tenant_site.page("workflows/starters/", "starters")
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every starter with its drawing, and what of it is installed."""
    if not may(request, "workflows.view_workflow"):
        raise PermissionDenied
    installed = {row.starter: row for row in Workflow.objects.exclude(starter="")}
    cards = [
        {"starter": starter, "graph": picture(starter.definition), "installed": installed.get(starter.slug)}
        for starter in all_starters()
    ]
    page = {
        "title": "Starters",
        "cards": cards,
        "form": InstallForm(auto_id="id_%s"),
        "may_install": may(request, "workflows.add_workflow"),
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
