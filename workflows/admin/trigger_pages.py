"""What the page of a trigger shows around its form, and its buttons: fire it, pause it, give it a new secret."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.fields import read_json
from nexod.admin.refusals import tell
from nexod.admin.row_pages import back_to, secret_page
from nexod.kernel.errors import InvalidInput, NexodError
from tenants.due_times import database_now
from workflows.actions import triggers
from workflows.actions.firings import fire_by_hand
from workflows.models import Firing, Trigger
from workflows.triggers import registry
from workflows.triggers.times import upcoming

SHOWN = 20
NEXT = 10


def panel(request: HttpRequest, trigger: Trigger) -> dict[str, Any]:
    """Return what the page of a trigger shows around its form."""
    goes = trigger.next_due is not None
    zone = ZoneInfo(trigger.config.get("zone", "UTC"))
    times = upcoming(trigger.config, database_now(), NEXT) if goes else []
    return {
        "trigger": trigger,
        "kind": registry.get(trigger.kind),
        "summary": registry.get(trigger.kind).summary(trigger.config),
        "zone": zone.key,
        "times": [(due, due.astimezone(zone).strftime("%a %d %b %Y, %H:%M %Z")) for due in times],
        "address": request.build_absolute_uri(reverse("hook", args=(trigger.token,))) if trigger.token else "",
        "firings": Firing.objects.light().filter(trigger=trigger).select_related("run").only(
            "source", "outcome", "reason", "due", "created_at", "run__title")[:SHOWN],
        "may_fire": may(request, triggers.CHANGE) and may(request, "workflows.run_workflow"),
        "may_change": may(request, triggers.CHANGE),
        "sample_text": json.dumps(registry.get(trigger.kind).sample(trigger.config), indent=2),
    }  # fmt: skip


def trigger_secret(request: HttpRequest, trigger: Trigger, secret: str) -> HttpResponse:
    """Show the secret of a webhook this once."""
    address = request.build_absolute_uri(reverse("hook", args=(trigger.token,)))
    says = "Enter the address and the secret where the events come from."
    return secret_page(request, trigger, secret, says=says, address=address)


@tenant_site.page("workflows/trigger/<uuid:trigger_id>/fire/", "trigger_fire")
@require_POST
def fire(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Fire by hand with the event that was written, and go to what came of it."""
    trigger = get_object_or_404(Trigger, pk=trigger_id)
    try:
        firing = fire_by_hand(actor=actor_of(request), trigger=trigger, event=_event(request.POST.get("event", "")))
    except NexodError as error:
        tell(request, error)
        return back_to(trigger)
    return back_to(firing)


@tenant_site.page("workflows/trigger/<uuid:trigger_id>/pause/", "trigger_pause")
@require_POST
def pause(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Let it start nothing."""
    return _switched(request, trigger_id, is_enabled=False)


@tenant_site.page("workflows/trigger/<uuid:trigger_id>/resume/", "trigger_resume")
@require_POST
def resume(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Let it go on."""
    return _switched(request, trigger_id, is_enabled=True)


@tenant_site.page("workflows/trigger/<uuid:trigger_id>/secret/", "trigger_secret")
@require_POST
def rotate(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Make a new secret of a webhook and show it this once."""
    trigger = get_object_or_404(Trigger, pk=trigger_id)
    try:
        secret = triggers.rotate_secret(actor=actor_of(request), trigger=trigger)
    except NexodError as error:
        tell(request, error)
        return back_to(trigger)
    tenant_site._registry[Trigger].log_change(request, trigger, "Secret rotated.")
    return trigger_secret(request, trigger, secret)


def _switched(request: HttpRequest, trigger_id: UUID, *, is_enabled: bool) -> HttpResponse:
    trigger = get_object_or_404(Trigger, pk=trigger_id)
    try:
        triggers.set_enabled(actor=actor_of(request), trigger=trigger, is_enabled=is_enabled)
    except NexodError as error:
        tell(request, error)
        return back_to(trigger)
    tenant_site._registry[Trigger].log_change(request, trigger, "Resumed." if is_enabled else "Paused.")
    messages.success(request, f"{trigger} is {'active again' if is_enabled else 'paused'}.")
    return back_to(trigger)


def _event(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        found = read_json(text)
    except ValidationError as error:
        raise InvalidInput(error.messages[0]) from error
    if not isinstance(found, dict):
        raise InvalidInput("The event is a JSON object.")
    return found
