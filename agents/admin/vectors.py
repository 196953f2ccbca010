"""The vectors of a knowledge base: which model and store answer, how far those are that take over, and an order for others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from agents.actions.spaces import build_space, stop_building
from agents.admin.embedding_choice import EmbeddingChoice
from agents.knowledge.spaces import serving
from agents.models import KnowledgeBase, StoreConnection, VectorSpace
from nexod.admin import states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.refusals import problems, tell
from nexod.kernel.errors import NexodError, PermissionDenied

OWN = ""
SAID = {"serving": "Serves", "building": "Being built", "failed": "Given up", "retired": "Being deleted"}
LOOKS = {"serving": "ready", "building": "processing", "failed": "failed", "retired": "pending"}


class VectorsForm(EmbeddingChoice):
    """Which vectors the knowledge base is to have."""

    store = forms.ChoiceField(label="Store", required=False, widget=UnfoldAdminSelectWidget)
    half = forms.BooleanField(
        label="Half precision",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="The index holds 16 bits a number: half the memory.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        outside = [(str(row.pk), f"{row.name} ({row.get_kind_display()})") for row in StoreConnection.objects.all()]
        store.choices = [(OWN, "This workspace's own database"), *outside]


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/vectors/", "knowledge_vectors")
@require_http_methods(["GET", "POST"])
def vectors(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Show them; begin to build others, and say at its place what is wrong with the order."""
    if not may(request, "agents.view_knowledgebase"):
        raise PermissionDenied
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    now = serving(base)
    initial = EmbeddingChoice.of(now.model if now else base.embedding_model)
    if now:
        initial |= {"store": str(now.connection_id or OWN), "half": now.half}
    form = VectorsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid() and _begun(request, base, form):
        return HttpResponseRedirect(reverse("admin:knowledge_vectors", args=(base.pk,)))
    page = {
        "title": f"Vectors of {base.name}",
        "form": form,
        "opts": base._meta,
        "original": base,
        **_shown(request, base),
    }
    return tenant_site.render(request, "nexod/knowledge/vectors.html", page)


def _begun(request: HttpRequest, base: KnowledgeBase, form: VectorsForm) -> bool:
    given = form.cleaned_data
    outside = StoreConnection.objects.filter(pk=given["store"]).first() if given["store"] else None
    where: dict[str, Any] = {"store_connection": outside} if outside else {"store": "pgvector"}
    try:
        build_space(actor=actor_of(request), knowledge_base=base, model=form.name(), half=given["half"], **where)
    except NexodError as error:
        for _, message in problems(error):
            form.add_error(None, message)
        return False
    messages.success(request, "The new vectors are being built; the present ones serve until they are whole.")
    return True


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/vectors/list/", "knowledge_vectors_list")
@require_GET
def listed(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Answer with the list alone, for the page that watches it."""
    if not may(request, "agents.view_knowledgebase"):
        raise PermissionDenied
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    return render(request, "nexod/knowledge/spaces.html", {"original": base, **_shown(request, base)})


@tenant_site.page("agents/knowledgebase/<uuid:base_id>/vectors/stop/", "knowledge_vectors_stop")
@require_POST
def stop(request: HttpRequest, base_id: UUID) -> HttpResponse:
    """Give up what is being built."""
    base = get_object_or_404(KnowledgeBase, pk=base_id)
    try:
        stop_building(actor=actor_of(request), knowledge_base=base)
    except NexodError as error:
        tell(request, error)
    return HttpResponseRedirect(reverse("admin:knowledge_vectors", args=(base.pk,)))


def _shown(request: HttpRequest, base: KnowledgeBase) -> dict[str, Any]:
    rows = list(VectorSpace.objects.filter(knowledge_base=base).select_related("connection"))
    building = any(row.state == VectorSpace.State.BUILDING for row in rows)
    shown = [(row, states.chip(LOOKS[row.state], text=SAID[row.state])) for row in rows]
    return {"spaces": shown, "building": building, "may_change": may(request, "agents.change_knowledgebase")}
