"""Inputs and outputs as people read them: fetched when they are opened, never more than a page can bear, and whole as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Func, IntegerField, JSONField, Model, TextField, When
from django.db.models.functions import Cast, Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from nexod.admin import tenant_site
from nexod.admin.actors import may
from nexod.kernel.errors import PermissionDenied
from workflows.models import Run, Step

SHOWN_BYTES = 200_000
EXCERPT = 4_000


@dataclass(frozen=True, slots=True)
class Value:
    """One JSON document of a row: itself when it is small enough, else its beginning. ``name`` is its field."""

    name: str
    bytes: int
    value: Any
    excerpt: str

    @property
    def is_whole(self) -> bool:
        """Say whether all of it is here."""
        return self.bytes <= SHOWN_BYTES

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to show."""
        return self.is_whole and self.value in (None, {}, [], "")

    @property
    def text(self) -> str:
        """Return the text that it is mainly about, to be read as Markdown."""
        found = self.value.get("text") if isinstance(self.value, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def rest(self) -> Any:
        """Return everything but that text."""
        return {name: one for name, one in self.value.items() if name != "text"} if self.text else self.value

    @property
    def raw(self) -> str:
        """Return it as JSON to copy."""
        return json.dumps(self.value, indent=2, ensure_ascii=False)


def values_of(model: type[Model], pk: UUID, *fields: str, **only: Any) -> list[Value] | None:
    """Return these JSON fields of a row, None when there is no such row. What is too large never leaves the database whole."""
    wanted: dict[str, Any] = {}
    for name in fields:
        text = Cast(F(name), TextField())
        size = Func(text, function="octet_length", output_field=IntegerField())
        wanted |= {
            f"{name}_bytes": size,
            f"{name}_small": Case(
                When(**{f"{name}_bytes__lte": SHOWN_BYTES}, then=F(name)), output_field=JSONField(null=True)
            ),
            f"{name}_begins": Case(
                When(**{f"{name}_bytes__gt": SHOWN_BYTES}, then=Left(text, EXCERPT)), output_field=TextField()
            ),
        }
    row = model._default_manager.filter(pk=pk, **only).order_by().annotate(**wanted).values(*wanted).first()
    if row is None:
        return None
    return [
        Value(name, row[f"{name}_bytes"] or 0, row[f"{name}_small"], row[f"{name}_begins"] or "") for name in fields
    ]


@tenant_site.page("workflows/run/<uuid:run_id>/inputs/", "run_inputs")
@require_GET
def inputs(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with what the run was given."""
    return _shown(request, run_id, "inputs")


@tenant_site.page("workflows/run/<uuid:run_id>/outputs/", "run_outputs")
@require_GET
def outputs(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with what the run gave."""
    return _shown(request, run_id, "outputs")


@tenant_site.page("workflows/run/<uuid:run_id>/inputs.json", "run_inputs_file")
@require_GET
def inputs_file(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with all that the run was given, as a file."""
    return _file(request, "workflows.view_run", "inputs", Run, pk=run_id)


@tenant_site.page("workflows/run/<uuid:run_id>/outputs.json", "run_outputs_file")
@require_GET
def outputs_file(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Answer with all that the run gave, as a file."""
    return _file(request, "workflows.view_run", "outputs", Run, pk=run_id)


@tenant_site.page("workflows/run/<uuid:run_id>/steps/<uuid:step_id>/inputs.json", "run_step_inputs_file")
@require_GET
def step_inputs_file(request: HttpRequest, run_id: UUID, step_id: UUID) -> HttpResponse:
    """Answer with all that went into a step, as a file."""
    return _file(request, "workflows.view_step", "inputs", Step, pk=step_id, run_id=run_id)


@tenant_site.page("workflows/run/<uuid:run_id>/steps/<uuid:step_id>/output.json", "run_step_output_file")
@require_GET
def step_output_file(request: HttpRequest, run_id: UUID, step_id: UUID) -> HttpResponse:
    """Answer with all that came out of a step, as a file."""
    return _file(request, "workflows.view_step", "output", Step, pk=step_id, run_id=run_id)


def _shown(request: HttpRequest, run_id: UUID, field: str) -> HttpResponse:
    if not may(request, "workflows.view_run"):
        raise PermissionDenied
    found = values_of(Run, run_id, field)
    if found is None:
        raise Http404("There is no such run here.")
    file = reverse(f"admin:run_{field}_file", args=(run_id,))
    return render(request, "nexod/runs/value.html", {"shown": found[0], "file": file, "place": f"run-{field}"})


def _file(request: HttpRequest, permission: str, field: str, model: type[Model], **only: Any) -> HttpResponse:
    if not may(request, permission):
        raise PermissionDenied
    found = model._default_manager.filter(**only).order_by().values_list(Cast(F(field), TextField())).first()
    if found is None:
        raise Http404("There is nothing such here.")
    answer = HttpResponse(found[0] or "null", content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{field}.json"'
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer
