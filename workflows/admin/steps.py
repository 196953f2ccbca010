"""One step's inputs, output and effects, fetched when somebody opens it: they can be large."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.admin.run_values import values_of
from workflows.models import Effect, Step

EFFECTS_SHOWN = 100


@tenant_site.page("workflows/run/<uuid:run_id>/steps/<uuid:step_id>/", "run_step")
@require_GET
def step(request: HttpRequest, run_id: UUID, step_id: UUID) -> HttpResponse:
    """Answer with what went into the step and what came out."""
    if not may(request, "workflows.view_step"):
        raise PermissionDenied
    found = Step.objects.filter(pk=step_id, run_id=run_id).only("status").first()
    values = values_of(Step, step_id, "inputs", "output", run_id=run_id)
    if found is None or values is None:
        raise Http404("There is no such step here.")
    given, gave = values
    effects: Any = Effect.objects.filter(step=step_id).excerpted()
    shown = {
        "effects": [(effect, _value(effect.excerpt)) for effect in effects[:EFFECTS_SHOWN]],
        "more_effects": max(0, effects.count() - EFFECTS_SHOWN),
    }
    place = {"run_id": run_id, "step_id": step_id}
    context = {
        "step": found,
        "key": str(step_id),
        "given": given,
        "gave": gave,
        "given_file": reverse("admin:run_step_inputs_file", kwargs=place),
        "gave_file": reverse("admin:run_step_output_file", kwargs=place),
        **shown,
    }
    return render(request, "nexod/runs/step.html", context)


def _value(excerpt: str | None) -> Any:
    """Return the value in the beginning of a result, or None when the rest of it is missing."""
    try:
        return json.loads(excerpt or "null")
    except ValueError:
        return None
