"""What happened in a run, call by call: the exact prompt, the answer, the tools with arguments and results, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from nexod.kernel.events import ModelCalled, ModelCallFailed, ModelFellBack, ToolCalled, ToolFailed, ToolReturned
from workflows.models import Effect, Run, RunEvent

Json = dict[str, Any]
SHOWN = 200
MODEL = (ModelCalled.type, ModelCallFailed.type, ModelFellBack.type)
TOOL_ENDS = (ToolReturned.type, ToolFailed.type)


@tenant_site.page("workflows/run/<uuid:run_id>/trace/", "run_trace")
@require_GET
def live_trace(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with the trace as it is now."""
    if not (may(request, "workflows.view_run") and may(request, "workflows.view_step")):
        raise PermissionDenied
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise Http404("There is no such run here.")
    html = render_to_string("nexod/agents/trace.html", trace_context(run), request)
    return JsonResponse({"html": html, "seq": run.last_seq, "over": run.is_over, "status": run.status})


def trace_context(run: Run) -> Json:
    """Return what the trace shows: its lines, and the run itself for its figures."""
    told = list(
        RunEvent.objects.filter(run=run, type__in=(*MODEL, ToolCalled.type, *TOOL_ENDS)).order_by("seq")[:SHOWN]
    )
    first = next((event.data["first_token_s"] for event in told if event.data.get("first_token_s") is not None), None)
    return {"run": run, "lines": list(_lines(run, told)), "first_token_s": first, "more": len(told) == SHOWN}


def _lines(run: Run, told: list[RunEvent]) -> Iterator[Json]:
    calls = iter(Effect.objects.filter(run=run, kind=Effect.Kind.MODEL).order_by("finished_at", "id")[:SHOWN])
    ends = {(event.data["step"], event.data["call"]): event for event in told if event.type in TOOL_ENDS}
    for event in told:
        if event.type == ModelCalled.type:
            yield _model_line(event.data, next(calls, None))
        elif event.type == ToolCalled.type:
            yield {"kind": "tool", **event.data, "end": ends.get((event.data["step"], event.data["call"]))}
        elif event.type in MODEL:
            yield {"kind": "trouble", **event.data}


def _model_line(called: Json, effect: Effect | None) -> Json:
    """Return a model call; where its answer was too large to be kept there is no effect, hence no prompt."""
    asked = effect.asked if effect and isinstance(effect.asked, dict) else {}
    result = effect.result if effect and isinstance(effect.result, dict) else {}
    return {
        "kind": "model",
        **called,
        "prompt": asked.get("messages") or [],
        "offered": [tool.get("function", {}).get("name", "") for tool in asked.get("tools") or []],
        "settings": {name: asked[name] for name in ("temperature", "max_tokens") if asked.get(name) is not None},
        "answer": result.get("text", ""),
        "calls": result.get("tool_calls") or [],
    }
