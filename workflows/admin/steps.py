"""One step's inputs, output and effects, fetched when somebody opens it: they can be large."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.admin.run_page import step_of

EFFECTS_SHOWN = 100


@tenant_site.page("workflows/run/<uuid:run_id>/steps/<uuid:step_id>/", "run_step")
@require_GET
def step(request: HttpRequest, run_id: UUID, step_id: UUID) -> HttpResponse:
    """Answer with what went into the step and what came out."""
    if not may(request, "workflows.view_step"):
        raise PermissionDenied
    found = step_of(run_id, step_id)
    text = found.output.get("text") if isinstance(found.output, dict) else None
    rest = {name: value for name, value in (found.output or {}).items() if name != "text"} if text else found.output
    effects: Any = found.effects.excerpted()
    shown = {
        "effects": [(effect, _value(effect.excerpt)) for effect in effects[:EFFECTS_SHOWN]],
        "more_effects": max(0, effects.count() - EFFECTS_SHOWN),
    }
    return render(request, "nexod/runs/step.html", {"step": found, "text": text, "rest": rest, **shown})


def _value(excerpt: str | None) -> Any:
    """Return the value in the beginning of a result, or None when the rest of it is missing."""
    try:
        return json.loads(excerpt or "null")
    except ValueError:
        return None
