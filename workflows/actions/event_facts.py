"""What an event trigger's firing is given when it starts: the run's outputs as they are then, and whether it still is so."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError

from workflows.definitions.reading import bounds
from workflows.json_text import storable
from workflows.models import Approval, Firing, Run

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


def with_outputs(event: Json) -> Json:
    """Return the event with the inputs and outputs of the run that it tells of, which are not kept twice."""
    told = event.get("run")
    run_id = told.get("id") if isinstance(told, dict) and event.get("kind") else None
    found = _run(run_id) if run_id else None
    return event if found is None else {**event, "run": {**event["run"], **found}}


def still_overdue(event: Json) -> bool:
    """Say whether the approval of an overdue event still waits for a decision."""
    return Approval.objects.pending().filter(pk=event["approval"]["id"]).exists()


def with_payload(firing: Firing) -> Json:
    """Return the firing's event, of a webhook with the body that was kept."""
    event: Json = firing.event
    if firing.source != Firing.Source.WEBHOOK or firing.payload is None:
        return event
    return {**event, **parsed(event["headers"].get("content-type", ""), bytes(firing.payload))}


def parsed(content_type: str, body: bytes) -> Json:
    """Return the body as runs may use it: ``body``, as JSON or as the fields of a form, and ``text`` where it is neither."""
    text = body.decode(errors="replace")
    if content_type.split(";")[0].strip().lower() == FORM:
        return {"body": storable(dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1_000)))}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {"body": None, "text": storable(text)}
    return {"body": None, "text": ""} if bounds(found) else {"body": storable(found)}


def _run(run_id: str) -> Json | None:
    try:
        found = Run.objects.filter(pk=run_id).values("inputs", "outputs").first()
    except (ValueError, ValidationError):  # the sample of a firing by hand names no run
        return None
    return None if found is None else dict(found)
